/// The host of the server name extension, while its bytes come in.
///
/// What goes in is refused unless it is letters, digits, `-`, `_` and dots between labels that are not empty: nothing
/// else reaches a route table or a line of a log. `_` is in no host name of RFC 1123, but in names of services, which
/// meshes put here; labels may be longer than the 63 bytes of DNS for the same reason. An IP address is refused
/// because RFC 6066 section 3 forbids it.
///
/// A name that breaks the rules is refused and never taken for none: who asked for something must not end up where
/// those go who asked for nothing.
struct HostNameBytes: Sendable {
    private var bytes: [UInt8] = []
    private var labelIsEmpty = true

    /// - Parameter count: how many bytes will come, not more than the limit.
    mutating func began(count: Int) {
        bytes.reserveCapacity(count)
    }

    mutating func byteReceived(_ byte: UInt8) throws(ClientHelloProblem) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            bytes.append(byte)
            labelIsEmpty = false
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            bytes.append(byte | 0x20)
            labelIsEmpty = false
        case UInt8(ascii: "."):
            guard !labelIsEmpty else { throw Self.problem("has two dots in a row, or starts with one") }
            bytes.append(byte)
            labelIsEmpty = true
        default:
            throw Self.problem("has a byte that no host name has, \(hex(byte)) at position \(bytes.count + 1)")
        }
    }

    /// The name, after its last byte.
    func ended() throws(ClientHelloProblem) -> String {
        let name = labelIsEmpty ? bytes.dropLast() : bytes[...]
        guard !name.isEmpty else { throw Self.problem("is empty") }
        guard !Self.isAddress(name) else {
            throw Self.problem("is an IP address; a client sends a host name or none")
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Four numbers with dots; the colons of the other family are refused as they come.
    private static func isAddress(_ name: ArraySlice<UInt8>) -> Bool {
        var dots = 0
        for byte in name {
            if byte == UInt8(ascii: ".") {
                dots += 1
            } else if !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                return false
            }
        }
        return dots == 3
    }

    static func problem(_ what: String) -> ClientHelloProblem {
        ClientHelloProblem(.badServerName, "the server name \(what)")
    }
}
