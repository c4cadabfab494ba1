import Logging
import PeeringCore
import ReplicationCore
import StateCore
import IdentityCore

/// Writes what the peer has taken to the replication log. One task per stream runs it, so that neither the reader nor
/// the sender waits for the disk.
struct ExportLog: Sendable {
    /// Bytes of events that wait to be written: some ten thousand events. A peer that acknowledges faster than the disk
    /// writes is read more slowly.
    static let queueBytes = 4 * 1024 * 1024
    private static let bytesPerEvent = 256

    let context: StreamContext
    private let queue = BoundedQueue<[ReplicationEvent]>(capacity: queueBytes)

    init(context: StreamContext) {
        self.context = context
    }

    func push(_ confirmed: [StreamCore.Confirmed]) async {
        guard !confirmed.isEmpty else { return }
        let now = context.now()
        let events = confirmed.map { ReplicationEvent(time: now, peer: context.peerName, $0) }
        await queue.push(events, weight: events.count * Self.bytesPerEvent)
    }

    func run() async {
        while let events = await queue.popAll() { await write(events.flatMap { $0 }) }
    }

    private func write(_ events: [ReplicationEvent]) async {
        do throws(Refusal) {
            try await context.store.apply(LogExports(events))
        } catch {
            context.logger.error("\(events.count) changes that the peer took are not in the replication log: \(error)")
        }
    }
}

extension ReplicationEvent {
    init(time: Timestamp, peer: String, _ confirmed: StreamCore.Confirmed) {
        let (what, name): (What, String) =
            switch confirmed.key {
            case .service(let name): (.service, name)
            case .proxies: (.service, confirmed.key.wireID)
            case .serviceList: (.serviceList, "")
            case .trustBundle: (.trustBundle, "")
            case .serverAddresses: (.serverAddresses, "")
            }
        self.init(
            time: time, peer: peer, direction: .exported, what: what, name: name, oldCount: confirmed.oldCount,
            newCount: confirmed.newCount)
    }
}
