/// Why the first bytes of a connection are refused. Equality is on the code.
package struct ClientHelloProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The raw values are made for the labels of counters.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The first bytes belong to no protocol that is known here.
        case notTLS = "not-tls"
        /// A request of HTTP/1, or the preface of HTTP/2, without TLS around it.
        case plainHTTP = "plain-http"
        /// The hello of SSLv2, also as clients once sent it to ask for newer versions.
        case sslv2
        /// A header of the PROXY protocol, where none is expected.
        case proxyHeader = "proxy-header"
        /// A TLS record that carries something else than a handshake: an alert, data, a change of cipher.
        case unexpectedRecord = "unexpected-record"
        /// A handshake message that is no ClientHello.
        case unexpectedMessage = "unexpected-message"
        /// The hello does not fit in `ClientHelloLimits.maxBytes`.
        case tooLong = "too-long"
        /// TLS, but lengths or values break its rules.
        case malformed
        /// The server name is no host name.
        case badServerName = "bad-server-name"
        /// The client sent no more before its hello was complete.
        case closedEarly = "closed-early"
    }

    package var code: Code
    /// One sentence for people. Of the client's bytes it repeats at most one, as a number.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    package static func == (left: ClientHelloProblem, right: ClientHelloProblem) -> Bool { left.code == right.code }
}

extension ClientHelloProblem {
    static func malformed(_ message: String) -> ClientHelloProblem {
        ClientHelloProblem(.malformed, "the ClientHello is malformed: \(message)")
    }
}

/// A byte of the client's as it appears in a sentence: 0x0A.
func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.utf8.count == 1 ? "0x0\(digits)" : "0x\(digits)"
}
