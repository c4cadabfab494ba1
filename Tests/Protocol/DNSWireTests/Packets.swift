/// Bytes out of hexadecimal digits; what stands in quotes is text.
func packet(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, part) in text.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
        if index % 2 == 1 {
            bytes += Array(part.utf8)
        } else {
            let digits = part.filter { !$0.isWhitespace }
            var rest = digits[...]
            while !rest.isEmpty {
                bytes.append(UInt8(rest.prefix(2), radix: 16)!)
                rest = rest.dropFirst(2)
            }
        }
    }
    return bytes
}

/// As clients send them.
enum Packets {
    /// `dig SRV web.service.consul`: recursion desired, authentic data, EDNS with a cookie.
    static let dig = packet(
        "beef 0120 0001 0000 0000 0001 03'web' 07'service' 06'consul' 00 0021 0001"
            + "00 0029 04d0 0000 0000 000c 000a 0008 0102030405060708")
    /// The resolver of the C library: no EDNS, names in the case in which they were typed.
    static let libc = packet("0001 0100 0001 0000 0000 0000 03'Web' 07'service' 06'consul' 00 001c 0001")
    /// IXFR, with the client's own SOA among the authorities; its name points at the question's.
    static let transfer = packet(
        "0007 0000 0001 0000 0001 0000 06'consul' 00 00fb 0001"
            + "c00c 0006 0001 00000000 0018 c00c c00c 00000001 00000002 00000003 00000004 00000005")

    static let all = [dig, libc, transfer]
}
