import Glibc
import Synchronization

/// One connection at full speed in both directions, each on a thread of its own. Both ends of a connection are one.
///
/// What comes is thrown away inside the kernel: the load must cost less than the proxy between its ends, or the
/// measurement would be one of the load.
final class Bulk: Sendable {
    private let connection: Socket
    private let sender: Worker
    private let counters: Counters

    /// That a receiver sleeps for. The kernel makes room for it and for more.
    private static let wakeUpBytes = 1 << 20

    /// Takes the connection over and starts to send.
    init?(_ connection: Socket) {
        let counters = Counters()
        guard let sender = try? Worker({ Self.send(on: connection, counting: counters) }) else { return nil }
        self.connection = connection
        self.sender = sender
        self.counters = counters
    }

    /// Bytes both ways so far.
    var bytes: Int {
        counters.sent.load(ordering: .relaxed) + counters.received.load(ordering: .relaxed)
    }

    /// Receives on this thread until the other side has enough.
    func runToEnd() {
        // Waking up for every segment would cost more than all else here; without it the load is only dearer.
        try? connection.receiveOnly(from: Self.wakeUpBytes)
        while true {
            let count = connection.discard()
            guard count > 0 else { break }
            counters.received.wrappingAdd(count, ordering: .relaxed)
        }
        connection.shutDown()
        sender.join()
        connection.close()
    }

    /// Lets `runToEnd` return.
    func stop() {
        connection.shutDown()
    }

    private static func send(on connection: Socket, counting counters: Counters) {
        let chunk = [UInt8](repeating: 0x5A, count: 262_144)
        while true {
            let count = unsafe chunk.withUnsafeBytes { unsafe connection.sendSome($0) }
            guard count > 0 else { return }
            counters.sent.wrappingAdd(count, ordering: .relaxed)
        }
    }

    private final class Counters: Sendable {
        let sent = Atomic(0)
        let received = Atomic(0)
    }
}
