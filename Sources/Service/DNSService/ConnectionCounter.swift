import NIOCore
import Synchronization

/// The connections that stand at a listener. Any thread may call.
final class ConnectionCounter: Sendable {
    private struct Record {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let limit: Int
    private let record = Mutex(Record())

    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: false for one too many, and after the end.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdmitted = record.withLock { record in
            guard !record.isClosed, record.channels.count < limit else { return false }
            record.channels[id] = channel
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in self.record.withLock { $0.channels[id] = nil } }
        }
        return isAdmitted
    }

    func closeAll() {
        let channels = record.withLock { record in
            record.isClosed = true
            return Array(record.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }
}
