import Glibc

/// DNS over one connected UDP socket, with several questions on their way.
final class DNSClient {
    enum QueryType: UInt16 {
        case a = 1
        case ptr = 12
    }

    /// What was answered.
    struct Answer {
        /// 0 for an answer, 3 for a name that does not exist.
        var code: UInt8
        var records: Int
    }

    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private var lastID: UInt16 = 0

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, size) }
        }
        guard result == 0 else { throw BenchError("no UDP socket for port \(port): errno \(errno)") }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func ask(_ name: String, _ type: QueryType) throws {
        lastID &+= 1
        // One question; recursion desired, as stub resolvers do.
        var query: [UInt8] = [UInt8(lastID >> 8), UInt8(lastID & 255), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for label in name.split(separator: ".") {
            query.append(UInt8(label.utf8.count))
            query += label.utf8
        }
        query += [0, 0, UInt8(type.rawValue), 0, 1]
        let count = unsafe query.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == query.count else { throw BenchError("a DNS query was not sent: errno \(errno)") }
    }

    /// The next answer, to whichever question.
    func answer() throws -> Answer {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 12 else { throw BenchError("no answer by DNS: errno \(errno)") }
        return Answer(code: buffer[3] & 15, records: Int(buffer[6]) << 8 | Int(buffer[7]))
    }
}
