/// The first flight of a TLS client, as OpenSSL 3.0 sends it for `bench.hawser.test` and h2, padding and all.
///
/// What follows it needs no TLS: a gateway looks at nothing behind the hello. The first byte of the client's random
/// tells the backend what the connection is for, so that one route serves every measurement.
enum Hello {
    static let serverName = "bench.hawser.test"

    /// What the backend does with a connection.
    enum Purpose: UInt8 {
        /// Sends without end.
        case download = 0xB0
        /// Throws away what comes.
        case upload = 0xB1
        /// Answers with 64 bytes and closes.
        case short = 0xB2
        /// Sends back what comes.
        case echo = 0xB3
        /// Answers with one byte and keeps the connection.
        case idle = 0xB4
    }

    static func bytes(_ purpose: Purpose) -> [UInt8] {
        var bytes = recorded
        bytes[randomOffset] = purpose.rawValue
        return bytes
    }

    /// A valid hello for a name that has no route.
    static var unrouted: [UInt8] {
        var bytes = bytes(.echo)
        bytes[serverNameOffset] ^= 1
        return bytes
    }

    static func purpose(_ hello: [UInt8]) -> Purpose? {
        hello.count == recorded.count ? Purpose(rawValue: hello[randomOffset]) : nil
    }

    static var count: Int { recorded.count }

    /// Behind the headers of record and handshake and the version.
    private static let randomOffset = 5 + 4 + 2
    private static let serverNameOffset = 136

    /// The padding extension closes it: 211 zero bytes, so that the hello has 512 behind its record header.
    private static let recorded: [UInt8] = {
        let digits = Array(
            """
            1603010200010001fc0303ebe5d99e164bb38ecd8d6d65c1405fc31e603c2c764025f288ce27e15d98cc5a20c069ab06\
            427558f2ddec491b9de86ab0f0161f312478af3e671ea55d73e73a9f0024130213031301c02cc030c02bc02fcca9cca8\
            c024c028c023c027009f009e006b006700ff0100018f00000016001400001162656e63682e6861777365722e74657374\
            000b000403000102000a00160014001d0017001e00190018010001010102010301040023000000100005000302683200\
            16000000170000000d002a0028040305030603080708080809080a080b08040805080604010501060103030301030204\
            0205020602002b00050403040303002d00020101003300260024001d00205a697a5bcac8fa3a38e73a2cf4fa5485a373\
            e8fadc3b36496fcccd127de42119001500d3
            """.utf8
        ).map { $0 < UInt8(ascii: "a") ? $0 - UInt8(ascii: "0") : $0 - UInt8(ascii: "a") + 10 }
        let said = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        return said + [UInt8](repeating: 0, count: 211)
    }()
}
