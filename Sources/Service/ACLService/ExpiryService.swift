package import Logging
package import PeeringCore
import ServiceLifecycle
package import StateCore

/// When to look for tokens whose time is over: at the next expiry, and now and then.
struct ExpirySchedule {
    /// A wait is cut into pieces of this length, so that a machine that slept or a clock that was set is noticed.
    static let longestWait = Duration.seconds(30)
    /// Between attempts to store what the disk refuses.
    static let retry = Duration.seconds(5)

    /// How long to wait at this moment.
    ///
    /// - Parameter next: the next expiry that is known; nil for none.
    static func wait(at now: Timestamp, next: Timestamp?, isStored: Bool) -> Duration {
        guard isStored else { return retry }
        guard let next else { return longestWait }
        let (nanoseconds, overflow) = next.nanoseconds.subtractingReportingOverflow(now.nanoseconds)
        return overflow ? longestWait : min(longestWait, max(.zero, .nanoseconds(nanoseconds)))
    }
}

/// Stores that the time of tokens is over, when somebody has seen it and when nobody looks: a token of access control
/// goes, a peering token is remembered as expired, and neither comes back with a clock that goes back. Runs until
/// cancelled or a graceful shutdown.
package struct ExpiryService: Service {
    private let store: StateStore
    private let expiries: SeenExpiries
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - now: the wall clock.
    ///   - sleep: returns after a time, or throws when its task is cancelled.
    package init(
        store: StateStore, expiries: SeenExpiries, logger: Logger, now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.store = store
        self.expiries = expiries
        self.logger = logger
        self.now = now
        self.sleep = sleep
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { for await _ in expiries.news { await storeWhatIsOver() } }
                group.addTask { await lookInTime() }
            }
        }
    }

    private func lookInTime() async {
        while !Task.isCancelled {
            // A token that is made meanwhile may be over sooner than all others.
            let changes = store.subscribe(to: [.acl, .peerings])
            let isStored = await storeWhatIsOver()
            let wait = ExpirySchedule.wait(at: now(), next: store.state.nextTokenExpiry, isStored: isStored)
            await withTaskGroup { group in
                group.addTask { _ = await changes.next() }
                group.addTask { try? await sleep(wait) }
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// - Returns: whether the state says all that is known.
    @discardableResult
    func storeWhatIsOver() async -> Bool {
        let (time, seen) = (now(), expiries.unstored)
        guard !seen.isEmpty || store.state.nextTokenExpiry.map({ $0 <= time }) == true else { return true }
        do {
            let count = try await store.apply(EndExpiredTokens(now: time, seen: seen))
            expiries.stored(seen)
            if count > 0 { logger.info("tokens have expired", metadata: ["count": "\(count)"]) }
            return true
        } catch {
            logger.error("the end of expired tokens was not stored: they are refused, and it is tried again: \(error)")
            return false
        }
    }
}
