import ACLCore
import HawserTestKit
import IdentityCore
import Logging
import PeeringCore
import StateCore
import Testing

@testable import ACLService

/// Tokens whose time is over, while the clock goes back and the disk refuses.
@Suite("Expiries are stored")
struct ExpiryServiceTests {
    private static let secret = "22222222-3333-4444-5555-666666666666"

    /// A daemon's parts, with a token that lives for a minute.
    private struct Parts {
        let storage = MemoryStorage()
        let clock = ManualClock()
        let control: AccessControl
        let store: StateStore
        let accessorID: String

        init() async throws {
            store = try await StateStore(testing: storage)
            control = AccessControl(
                isEnabled: true, defaultAccess: .deny, defaultToken: nil, store: store, datacenter: "dc1",
                now: clock.now)
            var request = ACLTokenRequest()
            request.secret = SecretText(ExpiryServiceTests.secret)
            request.expirationTTL = 60_000_000_000
            accessorID = try await TokenOffice(control).create(request).token.accessorID
        }

        func service(sleep: @escaping @Sendable (Duration) async throws -> Void = { _ in }) -> ExpiryService {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            return ExpiryService(store: store, expiries: control.expiries, logger: logger, now: clock.now, sleep: sleep)
        }

        func isRefused() -> Bool {
            do throws(Refusal) {
                return try control.caller(with: Credential(secret: ExpiryServiceTests.secret, isTrusted: false))
                    .accessorID != accessorID
            } catch {
                return error == .aclNotFound
            }
        }

        func isStored() async throws -> Bool {
            try await StateStore(testing: storage).state.acl.token(accessorID: accessorID) != nil
        }
    }

    @Test func aTokenThatWasPresentedTooLateIsGone() async throws {
        let parts = try await Parts()
        #expect(!parts.isRefused())
        parts.clock.move(seconds: 60)
        #expect(parts.isRefused())
        parts.clock.move(seconds: -60)
        #expect(parts.isRefused() && TokenOffice(parts.control).token(parts.accessorID) == nil)
        #expect(await parts.service().storeWhatIsOver())
        #expect(parts.isRefused() && parts.control.expiries.unstored.isEmpty)
        #expect(try await !parts.isStored())
    }

    @Test func aTokenThatNobodyPresentsIsGoneToo() async throws {
        let parts = try await Parts()
        parts.clock.move(seconds: 59)
        #expect(await parts.service().storeWhatIsOver())
        #expect(try await parts.isStored())
        parts.clock.move(seconds: 1)
        #expect(await parts.service().storeWhatIsOver())
        parts.clock.move(seconds: -60)
        #expect(parts.isRefused())
        #expect(try await !parts.isStored())
    }

    @Test func aLookAtATokenCountsAsWell() async throws {
        let parts = try await Parts()
        parts.clock.move(seconds: 60)
        #expect(TokenOffice(parts.control).token(parts.accessorID) == nil)
        parts.clock.move(seconds: -60)
        #expect(parts.isRefused())
        #expect(parts.store.state.acl.tokens(unless: parts.control.isOver).map(\.accessorID) == [ACLToken.anonymousID])
    }

    @Test func whileTheDiskRefusesTheTokenIsRefusedAllTheSame() async throws {
        let parts = try await Parts()
        parts.storage.usually(.refuse(.full))
        parts.clock.move(seconds: 60)
        #expect(parts.isRefused())
        #expect(await !parts.service().storeWhatIsOver())
        parts.clock.move(seconds: -60)
        #expect(parts.isRefused() && TokenOffice(parts.control).token(parts.accessorID) == nil)
        #expect(await !parts.service().storeWhatIsOver())
        #expect(try await parts.isStored())
        parts.storage.usually(.done)
        #expect(await parts.service().storeWhatIsOver())
        #expect(try await !parts.isStored())
    }

    /// The service as it runs: it sleeps until the next expiry, and what is seen wakes it.
    @Test(arguments: [true, false])
    func itRunsByItself(isPresented: Bool) async throws {
        let parts = try await Parts()
        let (sleeps, asleep) = AsyncStream<Duration>.makeStream()
        let (wakes, alarm) = AsyncStream<Void>.makeStream()
        let service = parts.service { wait in
            asleep.yield(wait)
            for await _ in wakes { break }
        }
        let changes = parts.store.subscribe(to: .acl)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            var iterator = sleeps.makeAsyncIterator()
            #expect(await iterator.next() == ExpirySchedule.longestWait)
            parts.clock.move(seconds: 60)
            if isPresented { #expect(parts.isRefused()) } else { alarm.yield() }
            _ = await changes.next()
            parts.clock.move(seconds: -60)
            #expect(parts.isRefused())
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(try await !parts.isStored())
    }

    @Test(
        arguments: [
            (nil, true, ExpirySchedule.longestWait), (nil, false, ExpirySchedule.retry), (10, true, .seconds(10)),
            (10, false, ExpirySchedule.retry), (1_000, true, ExpirySchedule.longestWait), (0, true, .zero),
            (-5, true, .zero),
        ] as [(Int64?, Bool, Duration)])
    func waitsEndAtTheNextExpiry(next: Int64?, isStored: Bool, wait: Duration) {
        let now = Timestamp(seconds: 1_000)
        #expect(
            ExpirySchedule.wait(at: now, next: next.map { Timestamp(seconds: 1_000 + $0) }, isStored: isStored) == wait)
        let farAway = Timestamp(nanoseconds: .max)
        #expect(
            ExpirySchedule.wait(at: Timestamp(nanoseconds: -5), next: farAway, isStored: true)
                == ExpirySchedule.longestWait)
    }
}
