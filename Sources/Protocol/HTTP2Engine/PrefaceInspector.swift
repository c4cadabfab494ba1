package import NIOCore

/// Looks at the first bytes of a connection, so that a peer which speaks something else is named and not
/// reported as a broken frame. A value; feed it every piece until `isComplete`.
package struct PrefaceInspector: Sendable {
    /// RFC 9113 section 3.4: what a client sends first.
    package static let clientMagic: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let role: HTTP2Role
    private var seen: [UInt8] = []
    package private(set) var isComplete = false

    package init(role: HTTP2Role) {
        self.role = role
    }

    /// - Throws: `HTTP2Error` with code `badPreface` that says what was seen instead.
    package mutating func bytesReceived(_ bytes: ByteBuffer) throws(HTTP2Error) {
        guard !isComplete else { return }
        let wanted = role == .server ? Self.clientMagic.count : 9
        seen.append(contentsOf: bytes.readableBytesView.prefix(wanted - seen.count))
        let fits = role == .server ? Self.clientMagic.starts(with: seen) : Self.mayBeSettings(seen)
        guard fits else { throw HTTP2Error(.badPreface, describe()) }
        isComplete = seen.count == wanted
    }

    /// A server's first frame is SETTINGS on stream 0 and no acknowledgement (RFC 9113 section 3.4).
    private static func mayBeSettings(_ header: [UInt8]) -> Bool {
        for (index, byte) in header.enumerated() {
            switch index {
            case 0 where byte != 0: return false
            case 3 where byte != 4: return false
            case 4 where byte & 1 != 0: return false
            case 5 where byte & 0x7f != 0: return false
            case 6, 7, 8: if byte != 0 { return false }
            default: continue
            }
        }
        return true
    }

    private func describe() -> String {
        let start =
            role == .server ? "the client's first bytes are not HTTP/2" : "the server's first bytes are not HTTP/2"
        if seen.starts(with: [0x16, 0x03]) || seen.starts(with: [0x15, 0x03]) {
            return "\(start) but TLS: this end expected plaintext"
        }
        let methods = ["GET ", "POST", "PUT ", "HEAD", "DELE", "OPTI", "PATC", "CONN", "HTTP"]
        if methods.contains(where: { seen.starts(with: $0.utf8) }) {
            return "\(start) but HTTP/1.1"
        }
        if seen.starts(with: "PROX".utf8) || seen.starts(with: [0x0d, 0x0a, 0x0d, 0x0a, 0x00]) {
            return "\(start) but the PROXY protocol"
        }
        return "\(start) but \(Self.hex(seen.prefix(16)))"
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
