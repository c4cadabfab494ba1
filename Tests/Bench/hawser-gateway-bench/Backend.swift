import Glibc
import Synchronization

/// What stands behind every proxy: it swallows the hello and does what the hello asks for.
///
/// A process of its own, because 10,000 idle connections need as many descriptors here as at the client.
struct Backend {
    private let listener: Socket
    private let idle = IdleKeeper()

    init(port: UInt16) throws {
        listener = try Socket.listen(on: port)
    }

    /// Serves until the process is ended.
    func run() throws {
        let keeper = idle
        try Worker { keeper.run() }.detach()
        while true {
            let connection = try listener.accept()
            // The proxy connects when it has the hello, and sends it at once: waiting here holds nobody up.
            var hello = [UInt8](repeating: 0, count: Hello.count)
            guard (try? connection.receiveAll(into: &hello)) != nil else {
                connection.close()
                continue
            }
            let purpose = Hello.purpose(hello)
            switch purpose {
            case .short:
                try? connection.send(Self.answer)
                connection.close()
            case .idle:
                try? connection.send([1])
                keeper.keep(connection)
            case .echo: try Worker { Self.echo(connection) }.detach()
            case .download, .upload:
                let isDownload = purpose == .download
                try Worker { Self.transfer(connection, sends: isDownload) }.detach()
            case nil: connection.close()
            }
        }
    }

    static let answer = [UInt8](repeating: 7, count: 64)

    private static func transfer(_ connection: Socket, sends: Bool) {
        let transfer = Bulk(connection)
        if sends { transfer.send() } else { transfer.receive() }
        transfer.close()
    }

    private static func echo(_ connection: Socket) {
        defer { connection.close() }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while let count = try? connection.receive(into: &bytes), count > 0 {
            guard (try? connection.send(Array(bytes[..<count]))) != nil else { return }
        }
    }
}

/// Holds idle connections and closes those that the other side has closed. Looks seldom, so that it costs nothing
/// while something is measured.
private final class IdleKeeper: Sendable {
    private let connections = Mutex<[Socket]>([])

    func keep(_ connection: Socket) {
        connections.withLock { $0.append(connection) }
    }

    func run() {
        while true {
            pause(seconds: 0.2)
            connections.withLock { connections in
                guard !connections.isEmpty else { return }
                var polled = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
                guard unsafe poll(&polled, nfds_t(polled.count), 0) > 0 else { return }
                for (connection, state) in zip(connections, polled) where state.revents != 0 { connection.close() }
                connections = zip(connections, polled).filter { $1.revents == 0 }.map { $0.0 }
            }
        }
    }
}
