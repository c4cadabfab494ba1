import NIOCore
import NIOEmbedded
import TLSEngine
import TLSTestKit
import TLSTransport
import Testing

/// Notes everything that reaches the end of the pipeline.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Event: Equatable {
        case active, inactive, handshakeCompleted, inputClosed, readComplete
        case read(String)
        case failed(TLSError.Code)
    }

    private(set) var events: [Event] = []
    private(set) var session: TLSSessionInfo?
    private(set) var message = ""
    /// Events without those that only mark the end of a read.
    var facts: [Event] { self.events.filter { $0 != .readComplete } }

    func channelActive(context: ChannelHandlerContext) { self.events.append(.active) }
    func channelInactive(context: ChannelHandlerContext) { self.events.append(.inactive) }
    func channelReadComplete(context: ChannelHandlerContext) { self.events.append(.readComplete) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.events.append(.read(String(buffer: self.unwrapInboundIn(data))))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let completed = event as? TLSHandshakeCompleted {
            self.session = completed.session
            self.events.append(.handshakeCompleted)
        } else if case .some(.inputClosed) = event as? ChannelEvent {
            self.events.append(.inputClosed)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? TLSError else { return }
        self.message = error.message
        self.events.append(.failed(error.code))
    }
}

/// Counts what passes between the TLS handler and the socket.
final class SocketSide: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private(set) var writes = 0
    private(set) var flushes = 0
    private(set) var reads = 0
    private(set) var closes: [CloseMode] = []
    /// Holds back everything written, as a socket whose peer does not read.
    var isBlocked = false
    private var held: [(NIOAny, EventLoopPromise<Void>?)] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.writes += 1
        if self.isBlocked { self.held.append((data, promise)) } else { context.write(data, promise: promise) }
    }

    func flush(context: ChannelHandlerContext) {
        self.flushes += 1
        context.flush()
    }

    func read(context: ChannelHandlerContext) {
        self.reads += 1
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        self.closes.append(mode)
        // An embedded channel knows no half-close.
        if mode == .all { context.close(mode: mode, promise: promise) } else { promise?.succeed(()) }
        for (_, promise) in self.held { promise?.fail(ChannelError.ioOnClosedChannel) }
        self.held = []
    }

    func unblock(context: ChannelHandlerContext) {
        self.isBlocked = false
        let held = self.held
        self.held = []
        for (data, promise) in held { context.write(data, promise: promise) }
        context.flush()
    }
}

/// One side: an embedded channel with a TLS handler between two observers.
final class Side {
    let channel: EmbeddedChannel
    let socket: SocketSide
    let handler: TLSHandler
    let recorder: Recorder

    init(_ handler: TLSHandler) throws {
        self.channel = EmbeddedChannel()
        self.socket = SocketSide()
        self.handler = handler
        self.recorder = Recorder()
        try self.channel.pipeline.syncOperations.addHandlers([self.socket, handler, self.recorder])
    }

    // A channel that is not closed keeps its pipeline, and the pipeline the channel.
    deinit {
        if self.channel.isActive { try? self.drop() }
        _ = try? self.channel.finish(acceptAlreadyClosed: true)
    }

    func connect() throws {
        try self.channel.connect(to: SocketAddress(ipAddress: "10.0.0.1", port: 8503)).wait()
    }

    func send(_ text: String) -> EventLoopFuture<Void> { self.channel.writeAndFlush(ByteBuffer(string: text)) }

    /// The network takes the connection away: closes below the TLS handler.
    func drop() throws {
        try self.channel.pipeline.syncOperations.context(handler: self.socket).close(mode: .all, promise: nil)
        self.channel.embeddedEventLoop.run()
    }

    func unblock() throws {
        try self.socket.unblock(context: self.channel.pipeline.syncOperations.context(handler: self.socket))
    }
}

/// A client and a server back to back.
struct Sides {
    let client: Side
    let server: Side

    init(
        client clientContext: TLSContext, server serverContext: TLSContext, name: String = TestCA.serverName,
        settings: TLSHandlerSettings = TLSHandlerSettings()
    ) throws {
        self.client = try Side(TLSHandler(client: clientContext, serverName: name, settings: settings))
        self.server = try Side(TLSHandler(server: serverContext, settings: settings))
    }

    func connect(piece: Int = .max) throws {
        try self.server.connect()
        try self.client.connect()
        try self.shuttle(piece: piece)
    }

    /// Moves bytes both ways until both are silent; a closed side swallows them.
    func shuttle(piece: Int = .max) throws {
        var moved = true
        while moved {
            moved = try Self.move(self.client, self.server, piece)
            moved = try Self.move(self.server, self.client, piece) || moved
            self.client.channel.embeddedEventLoop.run()
            self.server.channel.embeddedEventLoop.run()
        }
    }

    private static func move(_ from: Side, _ to: Side, _ piece: Int) throws -> Bool {
        var moved = false
        while var bytes = try from.channel.readOutbound(as: ByteBuffer.self) {
            moved = true
            while bytes.readableBytes > 0, let part = bytes.readSlice(length: min(piece, bytes.readableBytes)) {
                guard to.channel.isActive else { continue }
                to.channel.pipeline.fireChannelRead(part)
                to.channel.pipeline.fireChannelReadComplete()
            }
        }
        return moved
    }
}
