import CatalogCore
import ConfigCore
import HawserTestKit
import StateCore
import Testing

@testable import ReplicationCore

@Suite struct ExportPreviewTests {
    private func state(_ rules: [ExportedService]) async throws -> State {
        let store = try await StateStore(testing: MemoryStorage())
        for name in ["a", "b", "c"] {
            let registration = Registration(service: NodeService(id: name, service: name))
            try await store.apply(RegisterService(node: "n", registration: registration))
        }
        _ = try await store.apply(WriteConfigEntry(entry: entry(rules)))
        return store.state
    }

    private func entry(_ rules: [ExportedService]) -> ConfigEntry {
        ConfigEntry(name: "default", content: .exportedServices(rules))
    }

    private func rule(_ name: String, _ peers: String...) -> ExportedService {
        ExportedService(name: name, peers: peers)
    }

    @Test func eachServiceSaysWhatBecomesOfIt() async throws {
        let now = try await state([rule("a", "island"), rule("b", "island")])
        let next = now.assuming(entry([rule("b", "island"), rule("c", "island")]))
        let preview = ExportPreview(for: "island", now: now, next: next)
        #expect(
            preview.services == [
                .init(name: "a", change: .lost), .init(name: "b", change: .stays), .init(name: "c", change: .gained),
            ])
        #expect(preview.lostPercent == 50)
        #expect(ExportPreview(for: "reef", now: now, next: next).services.isEmpty)
    }

    @Test func aWildcardIsWhatItStandsFor() async throws {
        let now = try await state([rule("*", "island")])
        let next = now.assuming(entry([rule("a", "island")]))
        let preview = ExportPreview(for: "island", now: now, next: next)
        #expect(preview.count(.stays) == 1)
        #expect(preview.count(.lost) == 2)
        // Two of three: rounded up.
        #expect(preview.lostPercent == 67)
    }

    @Test func withoutExportsAllIsLost() async throws {
        let now = try await state([rule("a", "island")])
        let next = now.assuming(entry([]))
        #expect(ExportPreview(for: "island", now: now, next: next).lostPercent == 100)
    }

    @Test func whoSeesNothingLosesNothing() async throws {
        let now = try await state([])
        #expect(ExportPreview(for: "island", now: now, next: now).lostPercent == 0)
    }

    @Test func allPeersThatEitherStateNamesAreLookedAt() async throws {
        let now = try await state([rule("a", "island")])
        let next = now.assuming(entry([rule("a", "reef", "bay")]))
        #expect(ExportPreview.peers(now: now, next: next) == ["bay", "island", "reef"])
    }
}
