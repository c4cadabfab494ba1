/// Names what a connection starts with when that is no TLS record, so that a client which speaks something else is
/// told apart from a broken one. It takes one byte at a time and decides with the first byte that decides: a client
/// that sends `GE` and waits for an answer is waited for.
struct OpeningInspector: Sendable {
    enum Finding {
        case needsMore
        case problem(ClientHelloProblem)
    }

    /// What a protocol sends first: at most eight bytes, the first of them in the highest place.
    private struct Pattern {
        var bytes: UInt64
        var count: Int
        var code: ClientHelloProblem.Code

        init(_ text: String, _ code: ClientHelloProblem.Code) {
            self.bytes = text.utf8.reduce(0) { $0 << 8 | UInt64($1) }
            self.count = text.utf8.count
            self.code = code
        }

        func starts(with seen: UInt64, count seenCount: Int) -> Bool {
            seenCount <= count && bytes >> (8 * UInt64(count - seenCount)) == seen
        }
    }

    private static let patterns: [Pattern] =
        ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ", "PRI "]
        .map { Pattern($0, .plainHTTP) } + [
            // Versions 1 and 2; of the latter's twelve bytes eight are enough.
            Pattern("PROXY ", .proxyHeader), Pattern("\r\n\r\n\0\r\nQ", .proxyHeader),
        ]

    /// Up to eight bytes, the newest in the lowest place.
    private var seen: UInt64 = 0
    private var count = 0

    mutating func byteReceived(_ byte: UInt8) -> Finding {
        seen = seen << 8 | UInt64(byte)
        count += 1
        if let finding = sslv2() { return finding }
        var isPossible = false
        for pattern in Self.patterns where pattern.starts(with: seen, count: count) {
            if pattern.count == count { return .problem(problem(pattern.code)) }
            isPossible = true
        }
        return isPossible ? .needsMore : .problem(notTLS())
    }

    /// The hello of SSLv2 is a record whose length has its highest bit set, of type 1, for version 0.2 or, from
    /// clients that could do more, 3.x (RFC 5246 appendix E.2). Nil if the bytes cannot be one.
    private func sslv2() -> Finding? {
        func seenByte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: seen >> (8 * UInt64(count - 1 - index))) }
        guard count <= 5, seenByte(0) & 0x80 != 0 else { return nil }
        if count > 2, seenByte(2) != 1 { return nil }
        if count > 3, seenByte(3) != 0, seenByte(3) != 3 { return nil }
        guard count == 5 else { return .needsMore }
        guard seenByte(3) == 3 || seenByte(4) == 2 else { return nil }
        return .problem(problem(.sslv2))
    }

    private func problem(_ code: ClientHelloProblem.Code) -> ClientHelloProblem {
        switch code {
        case .plainHTTP:
            ClientHelloProblem(code, "the client speaks plain HTTP where TLS is expected: it must use https")
        case .sslv2:
            ClientHelloProblem(
                code, "the client sends a hello of SSLv2, which carries no server name: it needs TLS 1.0 or newer")
        case .proxyHeader:
            ClientHelloProblem(
                code, "the connection starts with a PROXY protocol header, which this listener does not take")
        case .notTLS, .unexpectedRecord, .unexpectedMessage, .tooLong, .malformed, .badServerName, .closedEarly:
            notTLS()
        }
    }

    private func notTLS() -> ClientHelloProblem {
        let first = UInt8(truncatingIfNeeded: seen >> (8 * UInt64(count - 1)))
        return ClientHelloProblem(
            .notTLS, "the client does not speak TLS: its first byte is \(hex(first)), that of a handshake is 0x16")
    }
}
