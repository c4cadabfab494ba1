import Glibc
import Synchronization

/// One end of a connection on which one side sends at full speed and the other throws away what comes.
///
/// It is thrown away inside the kernel: the load must cost less than the proxy between its ends, or the measurement
/// would be one of the load.
final class Bulk: Sendable {
    private let connection: Socket
    private let counter = Atomic(0)

    /// Takes the connection over.
    init(_ connection: Socket) {
        self.connection = connection
    }

    /// Sent or received so far.
    var bytes: Int { counter.load(ordering: .relaxed) }

    /// Sends on this thread until the other side has enough or `stop` is called.
    func send() {
        let chunk = [UInt8](repeating: 0x5A, count: 262_144)
        while true {
            let count = unsafe chunk.withUnsafeBytes { unsafe connection.sendSome($0) }
            guard count > 0 else { return }
            counter.wrappingAdd(count, ordering: .relaxed)
        }
    }

    /// Receives on this thread until the other side ends or `stop` is called.
    func receive() {
        // Waking up for every segment would cost more than all else here; without it the load is only dearer.
        try? connection.receiveOnly(from: Self.wakeUpBytes)
        while true {
            let count = connection.discard()
            guard count > 0 else { return }
            counter.wrappingAdd(count, ordering: .relaxed)
        }
    }

    /// Lets `send` and `receive` of this end return.
    func stop() {
        connection.shutDown()
    }

    /// When nobody sends or receives any more.
    func close() {
        connection.close()
    }

    /// That a receiver sleeps for. The kernel makes room for it and for more.
    private static let wakeUpBytes = 1 << 20
}
