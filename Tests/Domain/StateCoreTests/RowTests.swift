import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

@Suite("Stored rows")
struct RowTests {
    private let storage = MemoryStorage()

    private func register(_ node: String, _ id: String, in store: StateStore) async throws {
        try await store.apply(
            RegisterExternal(ownNode: "own", node: Node(name: node), service: NodeService(id: id, service: "s")))
    }

    // MARK: Keys

    @Test(arguments: [
        ("n/a", "b", "n", "a/b"), ("n%2Fa", "b", "n/a", "b"), ("n", "a%00", "n", "a"), ("n ", "a", "n", " a"),
        ("é", "a", "e\u{301}x", "a"),
    ])
    func namesThatLookAlikeAreTwoRows(node: String, id: String, otherNode: String, otherID: String) async throws {
        let store = try await StateStore(testing: storage)
        try await register(node, id, in: store)
        try await register(otherNode, otherID, in: store)
        #expect(storage.keys.filter { $0.hasPrefix("service/") }.count == 2)
        let later = try await StateStore(testing: MemoryStorage(storage.disk))
        #expect(StateImage(later.state) == StateImage(store.state))
        #expect(later.state.catalog.instance(at: InstanceKey(node: node, id: id)) != nil)
        #expect(later.state.catalog.instance(at: InstanceKey(node: otherNode, id: otherID)) != nil)
        try await later.apply(DeregisterExternal(ownNode: "own", node: node, target: .service(id)))
        let last = try await StateStore(testing: MemoryStorage(storage.disk))
        #expect(last.state.catalog.keys == [InstanceKey(node: otherNode, id: otherID)])
    }

    /// Swift compares strings by canonical equivalence, so what is one row in memory is one on disk.
    @Test func theTwoFormsOfALetterAreOneRow() async throws {
        let store = try await StateStore(testing: storage)
        try await register("caf\u{E9}", "a", in: store)
        try await register("cafe\u{301}", "a", in: store)
        #expect(storage.keys.filter { $0.hasPrefix("node/") }.count == 1)
        #expect(store.state.catalog.nodes.count == 1)
        let later = try await StateStore(testing: MemoryStorage(storage.disk))
        #expect(StateImage(later.state) == StateImage(store.state))
    }

    @Test(arguments: ["\0", "a\0b", "\u{1B}[2J", "a\nb", "\u{7F}", "\u{85}", "\u{2028}"])
    func aNameWithAControlCharacterIsRefusedInEveryTable(name: String) async throws {
        let store = try await StateStore(testing: storage)
        let commands: [any Command] = [
            RegisterExternal(ownNode: "own", node: Node(name: name)),
            RegisterExternal(ownNode: "own", node: Node(name: "n"), service: NodeService(id: name, service: "s")),
            RegisterExternal(
                ownNode: "own", node: Node(name: "n"),
                checks: [HealthCheck(node: "n", checkID: name, name: "", status: .passing)]),
            WriteConfigEntry(entry: ConfigEntry(name: name, content: .serviceDefaults(ServiceDefaults()))),
            GenerateToken(
                name: "p", meta: [:], newID: PeeringID(name),
                establishment: SecretDigest(bytes: Array(repeating: 1, count: 32))),
        ]
        for command in commands {
            let refusal = await #expect(throws: Refusal.self) { _ = try await store.apply(command) }
            #expect(refusal?.code == .invalid && refusal?.message.contains("control character") == true)
        }
        #expect(storage.keys.isEmpty && store.state.index == 0)
    }

    @Test func keysAreReadAsTheyWereWritten() {
        for part in ["web", "a/b", "100%", "%2F", "é", "", "a\0b", "\u{2028}", "🚢/%"] {
            let key = RowKey("t", part, "x")
            #expect(!key.text.utf8.contains(0))
            #expect(RowKey.table(of: key.text) == "t")
            #expect(RowKey.parts(of: key.text) == [part, "x"])
        }
        #expect(RowKey("t", "a", "b") != RowKey("t", "a/b"))
    }

    // MARK: What is stored

    private func stored() async throws -> String {
        let store = try await StateStore(testing: storage)
        try await register("n", "web", in: store)
        return try #require(storage.keys.first { $0.hasPrefix("service/") })
    }

    private func errorOfStart() async -> StorageError? {
        do throws(StorageError) {
            _ = try await StateStore(testing: MemoryStorage(storage.disk))
            return nil
        } catch {
            return error
        }
    }

    @Test func anyFlippedBitIsNoticed() async throws {
        let key = try await stored()
        let count = storage.disk.entries[key]?.count ?? 0
        for bit in stride(from: 0, to: count * 8, by: 7) {
            storage.disk.edit(key) { $0?[bit / 8] ^= 1 << UInt8(bit % 8) }
            let error = await errorOfStart()
            #expect(error?.code == .corrupt && error?.message.contains(key) == true, "bit \(bit)")
            storage.disk.edit(key) { $0?[bit / 8] ^= 1 << UInt8(bit % 8) }
        }
        #expect(await errorOfStart() == nil)
    }

    @Test func aRowInAnothersPlaceIsNoticed() async throws {
        let key = try await stored()
        let value = storage.disk.entries[key]
        storage.disk.edit("service/n/other") { $0 = value }
        #expect(await errorOfStart()?.code == .corrupt)
    }

    @Test func aRowOfANewerVersionSaysWhatToDo() async throws {
        let key = try await stored()
        for (name, version) in [(key, UInt8(200)), ("future/x", 1)] {
            let value = storage.disk.entries[name]
            storage.disk.edit(name) { $0 = RowEnvelope.seal(Array("{}".utf8), version: version, key: name) }
            let error = await errorOfStart()
            #expect(error?.code == .newer && error?.message.contains("start that version") == true)
            storage.disk.edit(name) { $0 = value }
        }
    }

    @Test func everyTableReadsBackWhatItStored() async throws {
        #expect(Set(StoredTables.all.map { $0.table }).count == StoredTables.all.count)
        #expect(StoredTables.all.allSatisfy { StoredTables.named($0.table) == $0 })
    }

    // MARK: Rows of version 1

    @Test func whatNoDaemonCouldStartWithIsRemovedAndSaid() async throws {
        try await storage.write("node/%00", #"{"ID":"","Node":"\u0000","Address":"a"}"#, version: 1)
        try await storage.write("node/n/a", #"{"ID":"","Node":"n/a","Address":"a","ModifyIndex":5}"#, version: 1)
        let store = try await StateStore(testing: storage)
        #expect(store.notices.count == 1 && store.notices.first?.contains("node/%00") == true)
        #expect(store.state.catalog.nodes.keys.sorted() == ["n/a"])
        #expect(storage.keys == ["node/n%2Fa"])
        #expect(store.state.index == 5)
        let later = try await StateStore(testing: MemoryStorage(storage.disk))
        #expect(later.notices.isEmpty && StateImage(later.state) == StateImage(store.state))
    }

    @Test func theChecksumIsTheOneOfTheStandard() {
        // RFC 3720, appendix B.4.
        #expect(RowChecksum.of("", Array(repeating: 0, count: 32)[...]) == 0x8A91_36AA)
        #expect(RowChecksum.of("", Array(repeating: 0xFF, count: 32)[...]) == 0x62A8_AB43)
        #expect(RowChecksum.of("", Array(0...31)[...]) == 0x46DD_794E)
        #expect(RowChecksum.of("123456789", []) == 0xE306_9283)
    }
}
