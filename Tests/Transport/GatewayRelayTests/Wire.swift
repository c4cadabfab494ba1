import CLinux
import Dispatch
import Glibc
import Synchronization

@testable import GatewayRelay

/// What a call on a socket ended with.
struct WireError: Error, Equatable {
    var errno: Int32
    var isReset: Bool { errno == ECONNRESET || errno == EPIPE }
    /// The bound that ends a failing test.
    var isTimeout: Bool { errno == EAGAIN }
}

/// A blocking TCP socket. Every call is bounded, so that a failing test ends.
final class Wire: Sendable {
    static let boundSeconds = 30

    let descriptor: Int32
    private let isClosed = Atomic<Bool>(false)

    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, 0)
        var bound = timeval(tv_sec: Self.boundSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &bound, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &bound, size)
        _ = hawser_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    convenience init(to address: RelayAddress, receiveBuffer: Int32? = nil) throws {
        var raw = address.raw
        self.init(adopting: Int32(try Wire.check(unsafe hawser_socket(&raw))))
        if let receiveBuffer { _ = hawser_set_option(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        _ = try Wire.check(unsafe hawser_connect(descriptor, &raw))
    }

    deinit { close() }

    static func check(_ result: Int) throws -> Int {
        guard result >= 0 else { throw WireError(errno: Int32(-result)) }
        return result
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw WireError(errno: errno) }
            sent += count
        }
    }

    /// Empty at the end.
    func receive(_ limit: Int = 262_144) throws -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let result = unsafe recv(descriptor, buffer.baseAddress, limit, 0)
            if result < 0 { failure = errno }
            count = max(0, result)
        }
        guard failure == 0 else { throw WireError(errno: failure) }
        return bytes
    }

    func receive(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try receive(min(262_144, count - bytes.count))
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    func receiveAll() throws -> [UInt8] { try receive(exactly: .max) }

    /// True if the other end reset the connection, false if it closed it in order. Bytes are passed over.
    func endsWithReset() throws -> Bool {
        do {
            while try !receive().isEmpty {}
            return false
        } catch let error as WireError where error.isReset {
            return true
        }
    }

    func endWriting() { _ = hawser_shutdown_write(descriptor) }

    func reset() {
        _ = hawser_reset_on_close(descriptor)
        close()
    }

    func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { _ = hawser_close(descriptor) }
    }
}

/// A listener of a test: the test accepts, so that a dialogue reads from top to bottom.
final class Upstream: Sendable {
    let address: RelayAddress
    private let descriptor: Int32

    init() throws {
        let listener = try Listener.open(.loopback, RelayConfiguration.plain)
        descriptor = listener.descriptor
        address = listener.address
        _ = Wire(waitingOn: descriptor)
    }

    deinit { _ = hawser_close(descriptor) }

    func accept() throws -> Wire {
        var peer = hawser_address()
        return Wire(adopting: Int32(try Wire.check(unsafe hawser_accept(descriptor, &peer))))
    }
}

extension Wire {
    /// Only makes a descriptor of another's blocking and bounded.
    convenience init(waitingOn descriptor: Int32) {
        self.init(adopting: descriptor)
        isClosed.store(true, ordering: .relaxed)
    }
}

extension RelayAddress {
    static let loopback = RelayAddress(ip: "127.0.0.1", port: 0)!
}

extension RelayConfiguration {
    /// Silent clients are accepted too.
    static var plain: RelayConfiguration {
        var configuration = RelayConfiguration(listen: [.loopback])
        configuration.defersAccept = false
        configuration.threads = 1
        return configuration
    }
}

/// A thread whose end can be waited for.
struct Worked: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let failure: Failure

    private final class Failure: Sendable {
        let error = Locked<(any Error)?>(nil)
    }

    init(_ body: @escaping @Sendable () throws -> Void) {
        let (done, failure) = (done, Failure())
        self.failure = failure
        precondition(
            RelayThread.start(named: "test") {
                do { try body() } catch { failure.error.withLock { $0 = error } }
                done.signal()
            })
    }

    func wait() throws {
        guard done.wait(timeout: .now() + 120) == .success else { throw WireError(errno: ETIMEDOUT) }
        if let error = failure.error.withLock({ $0 }) { throw error }
    }
}

// Non-blocking calls for tests that fill buffers.

func makeNonblocking(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 }

func sendSome(_ descriptor: Int32, _ count: Int) -> Int {
    let bytes = [UInt8](repeating: 5, count: count)
    return unsafe bytes.withUnsafeBytes { unsafe hawser_send(descriptor, $0.baseAddress, $0.count) }
}

func waitWritable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&entry, 1, milliseconds) > 0
}
