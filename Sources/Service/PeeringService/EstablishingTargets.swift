import NIOConcurrencyHelpers
package import PeeringCore

/// Clusters whose tokens are being redeemed just now: nothing is stored of them yet, but gateways must know the way. A
/// change is announced as `StateChange.establishing`. Any task may call any method.
package final class EstablishingTargets: Sendable {
    private struct Entries {
        var next = 0
        var targets: [Int: DialTarget] = [:]
    }

    private let entries = NIOLockedValueBox(Entries())

    package var all: [DialTarget] { entries.withLockedValue { Array($0.targets.values) } }

    func add(_ target: DialTarget) -> Int {
        entries.withLockedValue { entries in
            entries.next += 1
            entries.targets[entries.next] = target
            return entries.next
        }
    }

    func remove(_ number: Int) {
        entries.withLockedValue { _ = $0.targets.removeValue(forKey: number) }
    }
}
