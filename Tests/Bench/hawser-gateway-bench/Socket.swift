import Glibc

/// A blocking TCP socket of the loopback. Nothing stands between the load and the kernel: no buffer, no event loop.
struct Socket: Sendable {
    let descriptor: Int32

    /// Longer than anything takes that works.
    private static let patienceSeconds = 10

    /// - Parameter port: of 127.0.0.1.
    static func connect(to port: UInt16) throws -> Socket {
        let socket = try make()
        do {
            try socket.limitWaits()
            try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            try unsafe withAddress(port) { address, size in
                guard unsafe Glibc.connect(socket.descriptor, address, size) == 0 else {
                    throw BenchError("no connection to port \(port): \(reason())")
                }
            }
        } catch {
            socket.close()
            throw error
        }
        return socket
    }

    static func listen(on port: UInt16) throws -> Socket {
        let socket = try make()
        try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        try unsafe withAddress(port) { address, size in
            guard unsafe bind(socket.descriptor, address, size) == 0, Glibc.listen(socket.descriptor, 4_096) == 0
            else { throw BenchError("port \(port) cannot be listened on: \(reason())") }
        }
        return socket
    }

    func accept() throws -> Socket {
        while true {
            let descriptor = Glibc.accept(descriptor, nil, nil)
            if descriptor >= 0 {
                let socket = Socket(descriptor: descriptor)
                try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return socket
            }
            guard errno == EINTR || errno == ECONNABORTED else { throw BenchError("accept: \(Self.reason())") }
        }
    }

    /// Sends all of it.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { unsafe sendSome(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            guard count > 0 else { throw BenchError("the connection broke: \(Self.reason())") }
            sent += count
        }
    }

    /// Sends what the kernel takes; not above zero when the connection is over.
    func sendSome(_ bytes: UnsafeRawBufferPointer) -> Int {
        unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Receives what is there into the array, which keeps its length.
    ///
    /// - Returns: how many bytes; zero at the end.
    func receive(into bytes: inout [UInt8], from offset: Int = 0) throws -> Int {
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset, 0)
        }
        guard count >= 0 else { throw BenchError("the connection broke: \(Self.reason())") }
        return count
    }

    /// Receives as many bytes as the array has.
    func receiveAll(into bytes: inout [UInt8]) throws {
        var received = 0
        while received < bytes.count {
            let count = try receive(into: &bytes, from: received)
            guard count > 0 else { throw BenchError("the connection ended early") }
            received += count
        }
    }

    /// Lets receiving wait until so many bytes are there, or the end.
    func receiveOnly(from bytes: Int) throws {
        try set(SOL_SOCKET, SO_RCVLOWAT, Int32(clamping: bytes))
    }

    /// Throws away what is there without copying it.
    ///
    /// - Returns: how many bytes; not above zero when the connection is over.
    func discard() -> Int {
        recv(descriptor, nil, 1 << 22, Int32(MSG_TRUNC))
    }

    /// Ends both directions, so that threads that wait on the socket go on.
    func shutDown() {
        Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }

    func close() {
        Glibc.close(descriptor)
    }

    // MARK: System

    private static func make() throws -> Socket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw BenchError("no socket: \(reason())") }
        return Socket(descriptor: descriptor)
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) throws {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe setsockopt(descriptor, level, option, &value, size) == 0 else {
            throw BenchError("option \(option) of a socket: \(Self.reason())")
        }
    }

    /// A proxy that loses a connection must not hold up the run.
    private func limitWaits() throws {
        var time = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard unsafe setsockopt(descriptor, SOL_SOCKET, option, &time, size) == 0 else {
                throw BenchError("option \(option) of a socket: \(Self.reason())")
            }
        }
    }

    private static func withAddress(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        try unsafe withUnsafePointer(to: &address) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    static func reason() -> String {
        errno == EAGAIN ? "nothing came for \(patienceSeconds) seconds" : unsafe String(cString: strerror(errno))
    }
}
