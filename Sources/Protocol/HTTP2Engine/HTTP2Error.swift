/// The error codes of RFC 9113 section 7; an unknown number is kept as it is.
package struct HTTP2ErrorCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let noError = HTTP2ErrorCode(rawValue: 0x0)
    package static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
    package static let internalError = HTTP2ErrorCode(rawValue: 0x2)
    package static let flowControlError = HTTP2ErrorCode(rawValue: 0x3)
    package static let settingsTimeout = HTTP2ErrorCode(rawValue: 0x4)
    package static let streamClosed = HTTP2ErrorCode(rawValue: 0x5)
    package static let frameSizeError = HTTP2ErrorCode(rawValue: 0x6)
    package static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
    package static let cancel = HTTP2ErrorCode(rawValue: 0x8)
    package static let compressionError = HTTP2ErrorCode(rawValue: 0x9)
    package static let connectError = HTTP2ErrorCode(rawValue: 0xa)
    package static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xb)
    package static let inadequateSecurity = HTTP2ErrorCode(rawValue: 0xc)
    package static let http11Required = HTTP2ErrorCode(rawValue: 0xd)

    private static let names = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
        "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]

    package var description: String {
        rawValue < Self.names.count ? Self.names[Int(rawValue)] : "error code \(rawValue)"
    }
}

/// Why a session ended, or why it could not do what it was asked. Equality is on the code.
package struct HTTP2Error: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Code: Sendable, Hashable {
        private enum Kind: Hashable {
            case badPreface, protocolViolation, flooded, keepaliveTimeout, handshakeTimeout, refused, library
        }
        private var kind: Kind

        /// The first bytes are not those of HTTP/2.
        package static let badPreface = Code(kind: .badPreface)
        /// The peer broke RFC 9113.
        package static let protocolViolation = Code(kind: .protocolViolation)
        /// The peer went over one of `HTTP2Limits`.
        package static let flooded = Code(kind: .flooded)
        /// A keepalive PING was not answered.
        package static let keepaliveTimeout = Code(kind: .keepaliveTimeout)
        /// The connection was not ready within its time.
        package static let handshakeTimeout = Code(kind: .handshakeTimeout)
        /// The session takes no new streams (GOAWAY, or stream numbers used up).
        package static let refused = Code(kind: .refused)
        /// nghttp2 refused a call; our fault or lack of memory.
        package static let library = Code(kind: .library)
    }

    package var code: Code
    /// One sentence for people.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    package static func == (left: HTTP2Error, right: HTTP2Error) -> Bool { left.code == right.code }
}
