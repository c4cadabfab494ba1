import ACLCore
import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

/// What callers are told of commits that are done, refused, or of which nobody knows.
@Suite("Outcomes of commits")
struct StoreOutcomeTests {
    private let storage = MemoryStorage()

    private func service(_ id: String, port: Int = 1) -> RegisterExternal {
        RegisterExternal(
            ownNode: "own", node: Node(name: "n"), service: NodeService(id: id, service: id, port: port))
    }

    /// Runs commands as one batch: the first, `before`, is held until all others wait.
    private func together<C: Command>(
        _ commands: [C], after before: some Command, in store: StateStore
    ) async -> [Result<C.Outcome, Refusal>] {
        storage.hold()
        var held = storage.heldCommits.makeAsyncIterator()
        let first = Task { () -> Result<Void, Refusal> in
            do throws(Refusal) {
                _ = try await store.apply(before)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        _ = await held.next()
        let tasks = commands.map { command in
            Task { () -> Result<C.Outcome, Refusal> in
                do throws(Refusal) {
                    return .success(try await store.apply(command))
                } catch {
                    return .failure(error)
                }
            }
        }
        while store.waitingCommands < commands.count { await Task.yield() }
        storage.release()
        _ = await first.value
        var results: [Result<C.Outcome, Refusal>] = []
        for task in tasks { results.append(await task.value) }
        return results
    }

    private func image(_ store: StateStore) -> StateImage { StateImage(store.state) }

    private func restarted() async throws -> StateStore {
        try await StateStore(testing: MemoryStorage(storage.disk))
    }

    // MARK: Refused

    @Test func registrationsAtOnceOnAFullDiskAreAllRefused() async throws {
        let store = try await StateStore(testing: storage)
        let before = image(store)
        storage.usually(.refuse(.full))
        let results = await together((0..<24).map { service("web-\($0)") }, after: service("first"), in: store)
        #expect(results.allSatisfy { (try? $0.get()) == nil })
        #expect(image(store) == before)
        #expect(try await image(restarted()) == before)
    }

    /// Five of six find nothing left to delete, because of a deletion that is not stored.
    @Test func deletionsOfOneTokenAtOnceOnAFullDiskAreAllRefused() async throws {
        let store = try await StateStore(testing: storage)
        let token = ACLToken(
            accessorID: "a", secret: SecretDigest(bytes: Array(repeating: 7, count: 32)), description: "",
            createTime: Timestamp(seconds: 1))
        _ = try await store.apply(PutACLToken(token, links: [], isNew: true, now: Timestamp(seconds: 1)))
        storage.usually(.refuse(.full))
        let deletions = (0..<6).map { _ in DeleteACLToken(accessorID: "a", requester: "b") }
        let results = await together(deletions, after: service("first"), in: store)
        for case .success in results { Issue.record("a deletion was acknowledged") }
        #expect(store.state.acl.token(accessorID: "a") != nil)
    }

    @Test func equalWritesAtOnceHaveOneAnswer() async throws {
        let store = try await StateStore(testing: storage)
        let write = WriteConfigEntry(
            entry: ConfigEntry(name: "web", content: .serviceDefaults(ServiceDefaults(protocol: "http"))))
        storage.usually(.refuse(.full))
        let refused = await together([write, write, write], after: service("first"), in: store)
        #expect(refused.allSatisfy { (try? $0.get()) == nil })
        storage.usually(.done)
        let done = await together([write, write, write], after: service("first"), in: store)
        #expect(done.allSatisfy { (try? $0.get()) == true })
    }

    @Test func oneTokenIsRedeemedOnceHoweverManyComeAtOnce() async throws {
        let store = try await StateStore(testing: storage)
        let id = PeeringID("p")
        func digest(_ byte: UInt8) -> SecretDigest { SecretDigest(bytes: Array(repeating: byte, count: 32)) }
        _ = try await store.apply(GenerateToken(name: "p", meta: [:], newID: id, establishment: digest(1)))
        let exchanges = (2..<6).map {
            ExchangeSecret(id: id, presented: digest(1), pendingStream: digest($0), now: Timestamp(seconds: 1))
        }
        storage.script(.done, .refuse(.full))
        let refused = await together(exchanges, after: service("first"), in: store)
        for case .success in refused { Issue.record("a secret was exchanged that is not stored") }
        let done = await together(exchanges, after: service("second"), in: store)
        let redeemed = done.filter { if case .success(nil) = $0 { true } else { false } }
        #expect(redeemed.count == 1 && done.count == 4)
    }

    @Test func whatIsRefusedSaysWhyWithoutAPath() async throws {
        let store = try await StateStore(testing: storage)
        for code in StorageError.Code.allCases where code != .conflict {
            storage.script(.refuse(code))
            let refusal = await #expect(throws: Refusal.self) { try await store.apply(service("web")) }
            #expect(refusal?.code == .failed && refusal?.message.contains(code.sentence) == true)
            #expect(refusal?.message.contains("/") == false)
        }
        _ = try await store.apply(service("web"))
    }

    // MARK: Callers

    @Test func noCallerWritesForTheOthers() async throws {
        let store = try await StateStore(testing: storage)
        storage.hold()
        var held = storage.heldCommits.makeAsyncIterator()
        let first = Task { try await store.apply(service("a")) }
        _ = await held.next()
        let second = Task { try await store.apply(service("b")) }
        while store.waitingCommands < 1 { await Task.yield() }
        storage.releaseOnce()
        // The second one's commit waits, and the first caller does not.
        try await first.value
        _ = await held.next()
        #expect(store.state.catalog.services["b"] == nil)
        storage.release()
        try await second.value
    }

    @Test func aBatchHasABound() async throws {
        var settings = StateStore.Settings()
        settings.maxBatchCommands = 5
        let store = try await StateStore(testing: storage, settings: settings)
        let results = await together((0..<23).map { service("web-\($0)") }, after: service("first"), in: store)
        #expect(results.allSatisfy { (try? $0.get()) != nil })
        #expect(store.counts == StateStore.Counters(commits: 6, commands: 24, failures: 0))
        settings.maxBatchCommands = 100
        settings.maxBatchBytes = 1
        let other = try await StateStore(testing: storage, settings: settings)
        _ = await together((0..<3).map { service("db-\($0)") }, after: service("second"), in: other)
        #expect(other.counts.commits == 4)
    }

    // MARK: Unknown

    @Test(arguments: [true, false])
    func anUnknownOutcomeIsLookedUp(isStored: Bool) async throws {
        let store = try await StateStore(testing: storage)
        storage.script(.unknown(isStored: isStored))
        let isAcknowledged = (try? await store.apply(service("web"))) != nil
        #expect(isAcknowledged == isStored)
        #expect((store.state.catalog.services["web"] != nil) == isStored)
        #expect(try await image(restarted()) == image(store))
        // It goes on from there.
        _ = try await store.apply(service("db"))
        #expect(try await image(restarted()) == image(store))
    }

    @Test(arguments: [true, false])
    func whatCannotBeLookedUpHaltsTheStore(isStored: Bool) async throws {
        let store = try await StateStore(testing: storage)
        _ = try await store.apply(service("web"))
        let before = image(store)
        let halted = Task { await store.halted() }
        storage.script(.broken(isStored: isStored))
        let refusal = await #expect(throws: Refusal.self) { try await store.apply(service("db")) }
        #expect(refusal?.message.hasPrefix("it is not known whether this was stored") == true)
        #expect(await halted.value?.outcome == .unknown)
        // Reading goes on, and nothing is acknowledged any more, not even what would write nothing new.
        #expect(image(store) == before)
        await #expect(throws: Refusal.self) { try await store.apply(service("web")) }
        let later = try await restarted()
        #expect((later.state.catalog.services["db"] != nil) == isStored)
        #expect(later.state.catalog.services["web"] != nil)
    }

    // MARK: Other daemons

    @Test func aCommandIsAppliedAgainOnWhatAnotherDaemonWrote() async throws {
        let (one, other) = (try await StateStore(testing: storage), try await restarted())
        let entry = ConfigEntry(name: "web", content: .serviceDefaults(ServiceDefaults(protocol: "http")))
        let changes = other.subscribe(to: .everything)
        #expect(try await one.apply(WriteConfigEntry(entry: entry, expectedIndex: 0)))
        // It does not know of that yet, and must not overwrite it.
        #expect(try await !other.apply(WriteConfigEntry(entry: entry, expectedIndex: 0)))
        #expect(changes.takePending().things.contains(.configEntry(entry.key)))
        _ = try await other.apply(service("db"))
        _ = try await one.apply(service("api"))
        #expect(image(one) == image(try await restarted()))
        #expect(one.state.catalog.services.count == 2)
        #expect(one.state.index > other.state.index)
    }

    @Test func aWriterOfAnOlderTermIsRefused() async throws {
        let store = try await StateStore(testing: storage)
        storage.disk.raiseFence(to: 1)
        await #expect(throws: Refusal.self) { try await store.apply(service("web")) }
        #expect(storage.keys.isEmpty)
    }

    @Test func aPastThatIsForgottenHaltsTheStore() async throws {
        let (one, other) = (try await StateStore(testing: storage), try await restarted())
        _ = try await one.apply(service("a"))
        storage.disk.compact()
        await #expect(throws: Refusal.self) { try await other.apply(service("b")) }
        #expect(await other.halted()?.code == .compacted)
    }

    // MARK: The index

    @Test func theIndexOnlyGrows() async throws {
        let store = try await StateStore(testing: storage)
        for number in 0..<10 { _ = try await store.apply(service("web-\(number)")) }
        for number in 0..<10 {
            _ = try await store.apply(
                DeregisterExternal(ownNode: "own", node: "n", target: .service("web-\(number)")))
        }
        store.announce(.streamStatus(PeeringID("p")))
        _ = try await store.apply(DeregisterExternal(ownNode: "own", node: "n", target: .node))
        #expect(store.state.index == 22)
        let later = try await restarted()
        #expect(later.state.index == 22)
        _ = try await later.apply(service("new"))
        #expect(later.state.catalog.services["new"]?.createIndex == 23)
    }

    @Test func whatIsAnnouncedHasAnIndexThatDoesNotComeBack() async throws {
        let store = try await StateStore(testing: storage)
        let subscription = store.subscribe(to: .streamStatus)
        store.announce(.streamStatus(PeeringID("p")))
        _ = await subscription.next()
        #expect(store.state.index == 1)
        #expect(try await restarted().state.index == 1)
        // It is told on a disk that refuses, too.
        storage.usually(.refuse(.full))
        store.announce(.streamStatus(PeeringID("p")))
        _ = await subscription.next()
        #expect(store.state.index == 2)
    }
}
