package import GRPCWire
package import HTTP2Engine
package import NIOCore

/// Bounds of one end of a connection. Sizes are bytes.
package struct GRPCLimits: Sendable, Equatable {
    /// The largest message taken from the peer; a larger one ends its call with RESOURCE_EXHAUSTED.
    package var maxReceiveMessageBytes: Int
    /// The largest message that `write` takes.
    package var maxSendMessageBytes: Int
    /// `next` stops adding messages to a batch after this many bytes. A batch is what one read of the socket
    /// brought, or more, so this bounds how long its reader is away, not its memory.
    package var inboundBatchBytes = 256 * 1024
    /// `write` suspends while a call has more than this queued, ...
    package var outboundHighWaterBytes = 1024 * 1024
    /// ... and goes on when it has no more than this.
    package var outboundLowWaterBytes = 512 * 1024
    /// Bytes of incomplete messages of all calls of a connection. Flow control cannot bound them: a message larger
    /// than the window has to be let in.
    package var maxPartialBytesPerConnection = 128 * 1024 * 1024
    /// From the connection's first moment (TLS included) until the peer's HTTP/2 SETTINGS have come.
    package var handshakeTimeout = TimeAmount.seconds(10)
    /// Server: a connection without a call for this long is closed, at the next look of the keepalive. Peers keep a
    /// call open; whoever only holds a connection holds one of `maxConnections`.
    package var idleTimeout = TimeAmount.seconds(60)

    package init(maxReceiveMessageBytes: Int, maxSendMessageBytes: Int) {
        self.maxReceiveMessageBytes = maxReceiveMessageBytes
        self.maxSendMessageBytes = maxSendMessageBytes
    }

    /// Peering protocol section 4.10: 50 MiB in, no limit out but the wire format's.
    package static let acceptor = GRPCLimits(
        maxReceiveMessageBytes: 50 * 1024 * 1024, maxSendMessageBytes: Int(UInt32.max))
    /// Peering protocol section 4.10: 8 MiB both ways.
    package static let dialer = GRPCLimits(
        maxReceiveMessageBytes: 8 * 1024 * 1024, maxSendMessageBytes: 8 * 1024 * 1024)
}

/// What a security layer learned about a connection. It fills this in on the event loop; handlers of calls read it
/// on any thread.
package final class GRPCConnectionAttributes: Sendable {
    private let name = NIOLockedName()

    package init() {}

    /// The name that the client asked for (TLS SNI).
    package var serverName: String? {
        get { name.value }
        set { name.value = newValue }
    }
}

/// How a connection is secured: what goes into the pipeline below HTTP/2.
///
/// The handlers pass decrypted bytes up, may hold writes until their handshake is over, and report failure with
/// `errorCaught`, which becomes the reason of failure of the connection and of its calls.
package struct GRPCSecurity: Sendable {
    /// The value of `:scheme`: `http` or `https`.
    package var scheme: String
    /// Adds the handlers. Called on the channel's event loop before HTTP/2 is added.
    package var addHandlers: @Sendable (any Channel, GRPCConnectionAttributes) throws -> Void

    package init(
        scheme: String, addHandlers: @escaping @Sendable (any Channel, GRPCConnectionAttributes) throws -> Void
    ) {
        self.scheme = scheme
        self.addHandlers = addHandlers
    }

    package static let plaintext = GRPCSecurity(scheme: "http") { _, _ in }
}

/// Where a call came from.
package struct GRPCConnectionInfo: Sendable {
    package var remoteAddress: SocketAddress?
    package var localAddress: SocketAddress?
    /// The TLS server name that the client asked for.
    package var serverName: String?
}

/// How a server listens and what it allows.
package struct GRPCServerConfiguration: Sendable {
    package var http2 = HTTP2Configuration()
    package var limits = GRPCLimits.acceptor
    package var security = GRPCSecurity.plaintext
    package var keepalive = Keepalive.Configuration.server
    package var pings = PingPolicy.Configuration()
    /// Connections that are open at once; further ones are closed as they come. A peer needs one, and a few more
    /// while it reconnects; 4096 leave room for a thousand peers within an ordinary limit of file descriptors.
    package var maxConnections = 4096
    /// Told how each connection ended, on its event loop; a status with a cause is a failure worth a line in a log.
    package var connectionEnded: @Sendable (GRPCConnectionInfo, GRPCStatus) -> Void = { _, _ in }

    package init() {}
}

/// How a client connects and what it allows.
package struct GRPCClientConfiguration: Sendable {
    package var http2 = HTTP2Configuration()
    package var limits = GRPCLimits.dialer
    package var security = GRPCSecurity.plaintext
    package var keepalive = Keepalive.Configuration.client
    /// Name resolution, TCP, security and HTTP/2 SETTINGS together.
    package var connectTimeout = TimeAmount.seconds(20)
    package var userAgent = "hawser"

    package init() {}
}

extension HTTP2Configuration {
    /// How many taken bytes may wait for the loop: a sixteenth of the smaller window cannot close one.
    var creditPerHop: UInt32 { max(1, min(streamWindowBytes, connectionWindowBytes) / 16) }
}
