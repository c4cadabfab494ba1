import Glibc

/// HTTP/1.1 over one kept blocking connection: nothing between the clock and the socket.
final class HTTPClient {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var consumed = 0
    private var chunk: [UInt8]

    /// - Parameter chunkBytes: taken from the socket at once; small for thousands of connections.
    init(port: UInt16, chunkBytes: Int = 262_144) throws {
        chunk = [UInt8](repeating: 0, count: chunkBytes)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, size) }
        }
        guard result == 0 else { throw BenchError("no connection to port \(port): errno \(errno)") }
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    func get(_ path: String) throws -> (index: String, body: String) {
        try exchange("GET", path, body: "")
    }

    @discardableResult
    func send(_ method: String, _ path: String, body: String) throws -> String {
        try exchange(method, path, body: body).body
    }

    /// Starts a request whose answer does not end; `line` gives it piece by piece.
    func stream(_ path: String) throws {
        try write("GET \(path) HTTP/1.1\r\nHost: bench\r\n\r\n")
        _ = try head()
    }

    /// The next line of a streamed answer, in chunks of HTTP/1.1; only what looks like JSON is a line of ours.
    func line() throws -> String {
        while true {
            let line = try readLine()
            if line.hasPrefix("{") { return line }
        }
    }

    // MARK: HTTP/1.1

    private func exchange(_ method: String, _ path: String, body: String) throws -> (index: String, body: String) {
        try start(method, path, body: body)
        return try answer()
    }

    /// Sends a request whose answer comes later.
    func start(_ method: String, _ path: String, body: String = "") throws {
        try write(
            "\(method) \(path) HTTP/1.1\r\nHost: bench\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// The answer to the request that was started, whenever it comes.
    func answer() throws -> (index: String, body: String) {
        let (status, fields) = try head()
        let text = String(decoding: try content(fields), as: UTF8.self)
        guard status == 200 else { throw BenchError("a request was answered \(status): \(text)") }
        return (fields["x-consul-index"] ?? "0", text)
    }

    /// Whether something has come.
    var hasAnswer: Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&watched, 1, 0) > 0
    }

    /// Waits until something has come for one of them at least.
    ///
    /// - Returns: for which; each has one request on its way.
    static func awaitAnswers(_ clients: [HTTPClient]) -> [Int] {
        var watched = clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        _ = unsafe poll(&watched, nfds_t(watched.count), -1)
        return watched.indices.filter { watched[$0].revents != 0 }
    }

    /// A number of the daemon's metrics that has no labels; nil if it does not have it.
    func metric(_ name: String) throws -> Double? {
        let text = try get("/v1/agent/metrics?format=prometheus").body
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.utf8.count + 1)) }
    }

    private func head() throws -> (Int, [String: String]) {
        let start = try readLine().split(separator: " ")
        guard start.count > 1, let status = Int(start[1]) else { throw BenchError("no HTTP answer") }
        var fields: [String: String] = [:]
        while true {
            let line = try readLine()
            if line.isEmpty { return (status, fields) }
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
    }

    private func content(_ fields: [String: String]) throws -> [UInt8] {
        if let count = fields["content-length"].flatMap({ Int($0) }) { return try readBytes(count) }
        var bytes: [UInt8] = []
        while true {
            guard let count = Int(try readLine(), radix: 16) else { throw BenchError("a broken chunk") }
            bytes += try readBytes(count)
            _ = try readLine()
            if count == 0 { return bytes }
        }
    }

    // MARK: Bytes

    private func write(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BenchError("the connection broke: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    private func fill() throws {
        if consumed > 0 {
            received.removeFirst(consumed)
            consumed = 0
        }
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw BenchError("the connection ended") }
        received += chunk[..<count]
    }

    private func readLine() throws -> String {
        while true {
            if let end = received[consumed...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = received[consumed..<end]
                consumed = end + 1
                if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
                return String(decoding: line, as: UTF8.self)
            }
            try fill()
        }
    }

    private func readBytes(_ count: Int) throws -> [UInt8] {
        while received.count - consumed < count { try fill() }
        defer { consumed += count }
        return Array(received[consumed..<consumed + count])
    }
}
