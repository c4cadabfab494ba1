/// The header of the PROXY protocol, version 2, that stands before the first byte of a connection and says who the
/// client is: section 2.2 of https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt.
struct ProxyHeader: Equatable, Sendable {
    /// Nil when the sender speaks for itself (LOCAL), or for a client without an IP address.
    var source: RelayAddress?
    /// What the client connected to.
    var destination: RelayAddress?

    enum Outcome: Equatable, Sendable {
        case needsMore
        /// - Parameter length: bytes to take off the connection before the client's first.
        case header(ProxyHeader, length: Int)
        case invalid
    }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let fixedBytes = 16

    /// - Parameters:
    ///   - bytes: all that the connection started with so far. It may go on behind the header.
    ///   - limit: bytes after the first sixteen, at most.
    static func parse(_ bytes: Span<UInt8>, limit: Int) -> Outcome {
        for index in 0..<min(bytes.count, signature.count) where bytes[index] != signature[index] { return .invalid }
        guard bytes.count >= fixedBytes else { return .needsMore }
        let (command, family) = (bytes[12], bytes[13])
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        // The upper half is the version.
        guard command == 0x20 || command == 0x21, length <= limit else { return .invalid }
        guard bytes.count >= fixedBytes + length else { return .needsMore }
        let total = fixedBytes + length
        guard command == 0x21 else { return .header(ProxyHeader(), length: total) }
        switch family {
        case 0x11: return addresses(bytes, of: 4, length: length)
        case 0x21: return addresses(bytes, of: 16, length: length)
        // Unspecified, and a stream over a Unix socket: to be accepted, and the addresses ignored.
        case 0x00, 0x31: return .header(ProxyHeader(), length: total)
        // Datagrams do not come over TCP, and nothing else is defined.
        default: return .invalid
        }
    }

    private static func addresses(_ bytes: Span<UInt8>, of size: Int, length: Int) -> Outcome {
        guard length >= 2 * size + 4 else { return .invalid }
        func address(at start: Int, portAt port: Int) -> RelayAddress? {
            RelayAddress(
                bytes: (start..<(start + size)).map { bytes[$0] },
                port: UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1])
            )
        }
        let ports = fixedBytes + 2 * size
        let header = ProxyHeader(
            source: address(at: fixedBytes, portAt: ports),
            destination: address(at: fixedBytes + size, portAt: ports + 2))
        return .header(header, length: fixedBytes + length)
    }

    /// The header as it is sent. Without both addresses it is a LOCAL one; if only one is IPv4, it is sent as an
    /// IPv4-mapped IPv6 address.
    var bytes: [UInt8] {
        guard let source, let destination else { return Self.signature + [0x20, 0x00, 0x00, 0x00] }
        let isIPv4 = source.isIPv4 && destination.isIPv4
        func plain(_ address: RelayAddress) -> [UInt8] {
            address.isIPv4 && !isIPv4
                ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address.bytes : address.bytes
        }
        func port(_ address: RelayAddress) -> [UInt8] { [UInt8(address.port >> 8), UInt8(address.port & 0xFF)] }
        let body = plain(source) + plain(destination) + port(source) + port(destination)
        return Self.signature + [0x21, isIPv4 ? 0x11 : 0x21, 0, UInt8(body.count)] + body
    }
}
