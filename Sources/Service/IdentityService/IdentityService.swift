import IdentityCore
package import Logging
import PeeringCore
import ServiceLifecycle
package import StateCore

/// When to renew a certificate: at two thirds of its life, and soon again after a failure. Seconds since 1970.
struct RenewalSchedule: Hashable, Sendable {
    /// Between attempts that fail.
    static let retry: Int64 = 60

    private(set) var due: Int64
    /// Before this the certificate is of no use.
    private var validFrom: Int64

    init(validity: ClosedRange<Int64>) {
        validFrom = validity.lowerBound
        due = validity.lowerBound + (validity.upperBound - validity.lowerBound) * 2 / 3
    }

    /// How long to wait at this moment: zero if it is due, which it also is when the clock was set back to a time at
    /// which the certificate is not valid yet.
    func wait(now: Int64) -> Int64 { now < validFrom ? 0 : max(0, due - now) }

    mutating func failed(now: Int64) {
        due = now + Self.retry
        validFrom = min(validFrom, now)
    }
}

/// Renews the certificate of the peering port before it ends, and when the cluster's root changes. Runs until cancelled
/// or a graceful shutdown.
package struct IdentityService: Service {
    /// A wait is cut into pieces of this length, so that a machine that slept or a clock that was set is noticed: until
    /// then peers may refuse the certificate.
    private static let longestWait: Int64 = 60

    private let store: StateStore
    private let certificate: ServerCertificate
    private let logger: Logger
    private let now: @Sendable () -> Int64

    /// - Parameter now: the wall clock, in seconds since 1970.
    package init(
        store: StateStore, certificate: ServerCertificate, logger: Logger, now: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.certificate = certificate
        self.logger = logger
        self.now = now
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await renewInTime() }
                group.addTask { await followRoots() }
            }
        }
    }

    private func renewInTime() async {
        var schedule = RenewalSchedule(validity: certificate.validity)
        while !Task.isCancelled {
            let wait = min(schedule.wait(now: now()), Self.longestWait)
            if wait > 0 {
                try? await Task.sleep(for: .seconds(wait))
                continue
            }
            if renew() {
                schedule = RenewalSchedule(validity: certificate.validity)
            } else {
                schedule.failed(now: now())
            }
        }
    }

    private func followRoots() async {
        let changes = store.subscribe(to: .identity)
        var seen = store.state.identity?.roots
        while true {
            _ = await changes.next()
            if Task.isCancelled { return }
            // A retired root changes what is sent along with the leaf.
            guard let roots = store.state.identity?.roots, roots != seen else { continue }
            seen = roots
            while !renew() {
                try? await Task.sleep(for: .seconds(RenewalSchedule.retry))
                if Task.isCancelled { return }
            }
        }
    }

    /// - Returns: whether there is a fresh certificate.
    private func renew() -> Bool {
        guard let identity = store.state.identity else { return false }
        do throws(Refusal) {
            try certificate.renew(for: identity, now: now())
            let end = Timestamp(seconds: certificate.validity.upperBound).rfc3339
            logger.info("the certificate of the peering port was renewed", metadata: ["notAfter": "\(end)"])
            return true
        } catch {
            logger.error("\(error.message); trying again in \(RenewalSchedule.retry) s")
            return false
        }
    }
}
