import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TLSEngine
import TLSTransport

/// A connection to a port that sends what it likes, and sees how that is taken.
struct Stranger: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    /// The names and roots of a TLS client.
    struct TLS: Sendable {
        var roots: [String]
        var serverName: String
    }

    static func connect(to port: Int, tls: TLS? = nil) async throws -> Stranger {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let roots = try tls.roots.flatMap { try X509Certificate.parsePEM($0) }
                        let context = try TLSContext(client: TLSClientSettings(roots: roots))
                        try channel.pipeline.syncOperations.addHandler(
                            TLSHandler(client: context, serverName: tls.serverName))
                    }
                    try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return Stranger(channel: channel, inbox: inbox)
    }

    /// As the other side's log names it.
    var address: String { "127.0.0.1:\(inbox.port)" }

    /// Why the connection failed on this side.
    var failure: (any Error)? { inbox.failure }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Waits until the other side ends the connection.
    func waitForClose() async { try? await channel.closeFuture.get() }

    func close() async { try? await channel.close() }
}

private final class Inbox: Sendable {
    private struct Contents {
        var port = 0
        var failure: (any Error)?
    }

    private let contents = NIOLockedValueBox(Contents())

    var port: Int { contents.withLockedValue { $0.port } }
    var failure: (any Error)? { contents.withLockedValue { $0.failure } }

    func connected(_ port: Int) { contents.withLockedValue { $0.port = port } }

    func fail(_ error: any Error) { contents.withLockedValue { $0.failure = $0.failure ?? error } }
}

private final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Inbox

    init(_ inbox: Inbox) {
        self.inbox = inbox
    }

    func channelActive(context: ChannelHandlerContext) {
        // A channel that was closed does not know its address any more.
        inbox.connected(context.localAddress?.port ?? 0)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.fail(error)
        context.close(promise: nil)
    }
}

extension Daemon {
    /// Waits for a line of the log that has these words and this address.
    func logs(_ words: String, from address: String) async throws {
        try await eventually("\(name)'s log says \"\(words)\" of \(address)") {
            log.split(separator: "\n").contains { line in
                line.contains(words) && line.split(separator: " ").contains { $0 == "address=\(address)" }
            }
        }
    }
}
