package import NIOCore

/// One header field. Names are lower case on the wire.
package struct HTTP2Field: Sendable, Hashable {
    package var name: String
    package var value: String
    /// Keeps the value out of the HPACK tables of both ends; for credentials.
    package var isSensitive: Bool

    package init(_ name: String, _ value: String, isSensitive: Bool = false) {
        self.name = name
        self.value = value
        self.isSensitive = isSensitive
    }
}

/// Number of a stream, as on the wire.
package typealias HTTP2StreamID = Int32

/// What happened on a session, in the order in which it happened.
package enum HTTP2Event: Sendable, Equatable {
    /// The peer's first or a later SETTINGS frame.
    case settingsReceived
    /// A complete header block: a request on a server; a response, a 1xx response or trailers on a client.
    case headersReceived(stream: HTTP2StreamID, fields: [HTTP2Field], endStream: Bool)
    /// Bytes of DATA frames, copied; those of one `receive` that follow each other are one event.
    case dataReceived(stream: HTTP2StreamID, bytes: ByteBuffer)
    /// END_STREAM came with a DATA frame.
    case endReceived(stream: HTTP2StreamID)
    /// The stream is gone: both sides ended, or one reset it. Always the last event of a stream.
    case streamClosed(stream: HTTP2StreamID, code: HTTP2ErrorCode)
    case goAwayReceived(lastStream: HTTP2StreamID, code: HTTP2ErrorCode, debug: String)
    /// A PING that was not an answer; the session answers by itself.
    case pingReceived
    case pingAcknowledged(UInt64)
}
