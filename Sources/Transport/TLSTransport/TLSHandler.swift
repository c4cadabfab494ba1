package import NIOCore
package import TLSEngine

/// Fired down the pipeline when the handshake is complete, before the first plaintext.
package struct TLSHandshakeCompleted: Sendable {
    package let session: TLSSessionInfo
}

/// What a handler does besides TLS itself.
package struct TLSHandlerSettings: Sendable {
    package var limits = TLSLimits()
    /// From the moment the channel is active to the end of the handshake; then the connection is closed. An honest
    /// handshake takes two round trips; a peer that sends one byte a minute must not hold a connection.
    package var handshakeTimeout = TimeAmount.seconds(10)
    /// How long `close` waits for the kernel to take what was flushed and the close_notify.
    package var closeTimeout = TimeAmount.seconds(2)
    /// What the peer's close_notify does. False: our side says goodbye too and the channel is closed, as a gRPC
    /// connection wants it. True: `ChannelEvent.inputClosed` is fired and our side may go on sending.
    package var allowsRemoteHalfClosure = false

    package init() {}
}

/// TLS in a channel pipeline, for both sides: ciphertext on the side of the socket, plaintext on the other.
///
/// A thin shell around `TLSConnection`. What it adds: the handshake deadline, promises, and the mapping of closes.
///
/// - Reads: one `channelRead` per read of the socket, then `channelReadComplete`.
/// - Writes: collected until `flush`, then one pass of encryption and one write. Writes before the handshake is
///   complete wait for it, up to `TLSLimits.pendingPlaintextBytes`; beyond, the write fails with
///   `pendingWritesTooLarge`. Once it is complete, the channel's own writability says when to stop.
/// - Failure: output with the alert is sent, `errorCaught` is fired with a `TLSError` once, the channel is closed.
/// - `close(mode: .all)` sends what was flushed and close_notify, and closes when the kernel has taken them or after
///   `closeTimeout`; it does not wait for the peer's goodbye. `close(mode: .output)` sends close_notify and
///   half-closes the socket.
/// - A connection that ends without the peer's close_notify fires `TLSError.Code.truncated` before
///   `channelInactive`, unless our side had said goodbye first: then nothing that the peer could add is waited for.
///
/// Not `Sendable`: made and added on the channel's event loop.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let connection: TLSConnection
    private let settings: TLSHandlerSettings
    private var deadline: Scheduled<Void>?
    /// Promises of writes since the last flush, and of flushed writes that wait for the handshake.
    private var unflushedPromises: [EventLoopPromise<Void>] = []
    private var flushedPromises: [EventLoopPromise<Void>] = []
    /// Whether someone wants data that has not come yet: a read that brings no plaintext does not satisfy them.
    private var isReadWanted = false
    private var isClosing = false
    /// Whether `close` waits for what was sent; a second `close` then joins the first.
    private var isLingering = false
    private var isStarted = false

    /// A client that asks for `serverName` and verifies it.
    package convenience init(
        client context: TLSContext, serverName: String, settings: TLSHandlerSettings = TLSHandlerSettings()
    ) throws(TLSError) {
        let connection = try TLSConnection(client: context, serverName: serverName, limits: settings.limits)
        self.init(connection, settings)
    }

    package convenience init(
        server context: TLSContext, settings: TLSHandlerSettings = TLSHandlerSettings()
    ) throws(TLSError) {
        self.init(try TLSConnection(server: context, limits: settings.limits), settings)
    }

    private init(_ connection: TLSConnection, _ settings: TLSHandlerSettings) {
        self.connection = connection
        self.settings = settings
    }

    /// What was agreed on; nil until the handshake is complete.
    package var session: TLSSessionInfo? { self.connection.session }

    // MARK: - Life

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.start(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        self.start(context)
        context.fireChannelActive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.deadline?.cancel()
        self.failPromises(ChannelError.ioOnClosedChannel)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if !self.isClosing { self.run(self.connection.receiveEOF(), context) }
        self.isClosing = true
        self.deadline?.cancel()
        self.failPromises(ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard !self.isStarted else { return }
        self.isStarted = true
        if let address = context.remoteAddress {
            let host = address.ipAddress.map { $0.utf8.contains(UInt8(ascii: ":")) ? "[\($0)]" : $0 }
            self.connection.peerLabel = host.map { "\($0):\(address.port ?? 0)" } ?? address.description
        }
        self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: self.settings.handshakeTimeout) {
            self.deadlinePassed(context)
        }
        self.run(self.connection.start(), context)
        // Also without autoRead: nobody above asks for data before the handshake.
        context.read()
    }

    private func deadlinePassed(_ context: ChannelHandlerContext) {
        guard !self.connection.isEstablished, !self.isClosing else { return }
        let seconds = self.settings.handshakeTimeout.nanoseconds / 1_000_000_000
        let peer = self.connection.peerLabel.isEmpty ? "" : " (peer \(self.connection.peerLabel))"
        self.fail(
            TLSError(.handshakeTimeout, "the TLS handshake was not complete after \(seconds) s\(peer)"), context)
    }

    // MARK: - Reading

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isClosing else { return }
        self.run(self.connection.receive(self.unwrapInboundIn(data)), context)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if self.isReadWanted || !self.connection.isEstablished, !self.isClosing { context.read() }
    }

    package func read(context: ChannelHandlerContext) {
        self.isReadWanted = true
        context.read()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent, !self.isClosing {
            // The socket's end of input. After close_notify the event was fired already.
            let progress = self.connection.receiveEOF()
            guard progress.failure == nil else { return self.run(progress, context) }
            if self.connection.isInputClosed { return }
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: - Writing

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        do {
            try self.connection.write(self.unwrapOutboundIn(data))
            if let promise { self.unflushedPromises.append(promise) }
        } catch {
            promise?.fail(error)
        }
    }

    package func flush(context: ChannelHandlerContext) {
        self.flushedPromises.append(contentsOf: self.unflushedPromises)
        self.unflushedPromises.removeAll(keepingCapacity: self.unflushedPromises.count < 64)
        do {
            try self.connection.flush()
        } catch {
            return self.fail(error, context)
        }
        self.sendOutput(context)
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .input:
            context.close(mode: .input, promise: promise)
        case .output:
            guard self.connection.isEstablished, !self.isClosing else {
                return context.close(mode: .output, promise: promise)
            }
            // Only behind the close_notify, whatever the socket still has to write before it.
            let sent = context.eventLoop.makePromise(of: Void.self)
            self.sendCloseNotify(context, sent)
            sent.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: promise) }
        case .all:
            if self.isLingering {
                if let promise { context.channel.closeFuture.cascade(to: promise) }
                return
            }
            guard !self.isClosing, self.connection.isEstablished, context.channel.isActive else {
                self.isClosing = true
                return context.close(mode: .all, promise: promise)
            }
            self.linger(context, promise)
        }
    }

    /// Closes when what was sent is with the kernel, or after `closeTimeout`.
    private func linger(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        self.isClosing = true
        self.isLingering = true
        let sent = context.eventLoop.makePromise(of: Void.self)
        self.sendCloseNotify(context, sent)
        let timeout = context.eventLoop.assumeIsolated().scheduleTask(in: self.settings.closeTimeout) {
            context.close(mode: .all, promise: nil)
        }
        if let promise { context.channel.closeFuture.cascade(to: promise) }
        sent.futureResult.assumeIsolated().whenComplete { _ in
            timeout.cancel()
            context.close(mode: .all, promise: nil)
        }
    }

    private func sendCloseNotify(_ context: ChannelHandlerContext, _ sent: EventLoopPromise<Void>) {
        self.connection.closeNotify()
        let dropped = self.unflushedPromises
        self.unflushedPromises = []
        // An empty write, if goodbye was said before, completes behind everything that was written before.
        let output = self.connection.takeOutput() ?? ByteBuffer()
        context.writeAndFlush(self.wrapOutboundOut(output), promise: sent)
        for promise in dropped { promise.fail(ChannelError.outputClosed) }
    }

    // MARK: - Side effects

    /// Does what a call of the connection asks for. All events of this handler are fired here.
    private func run(_ progress: TLSConnection.Progress, _ context: ChannelHandlerContext) {
        if progress.isHandshakeCompleted {
            self.deadline?.cancel()
            self.deadline = nil
        }
        self.sendOutput(context)
        if progress.isHandshakeCompleted, let session = self.connection.session {
            context.fireUserInboundEventTriggered(TLSHandshakeCompleted(session: session))
        }
        if let plaintext = progress.plaintext {
            self.isReadWanted = false
            context.fireChannelRead(self.wrapInboundOut(plaintext))
        }
        if progress.isInputClosed { self.inputClosed(context) }
        if let failure = progress.failure { self.fail(failure, context) }
    }

    private func inputClosed(_ context: ChannelHandlerContext) {
        if self.settings.allowsRemoteHalfClosure {
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else if !self.isClosing {
            self.close(context: context, mode: .all, promise: nil)
        }
    }

    private func sendOutput(_ context: ChannelHandlerContext) {
        guard let output = self.connection.takeOutput() else { return self.completePromisesOfEmptyWrites() }
        guard self.connection.isEstablished, !self.flushedPromises.isEmpty else {
            context.writeAndFlush(self.wrapOutboundOut(output), promise: nil)
            return
        }
        let promises = self.flushedPromises
        self.flushedPromises = []
        let sent: EventLoopPromise<Void>
        if promises.count == 1 {
            sent = promises[0]
        } else {
            sent = context.eventLoop.makePromise(of: Void.self)
            for promise in promises { sent.futureResult.cascade(to: promise) }
        }
        context.writeAndFlush(self.wrapOutboundOut(output), promise: sent)
    }

    /// Flushed writes that produced no record were empty.
    private func completePromisesOfEmptyWrites() {
        guard self.connection.isEstablished, !self.flushedPromises.isEmpty else { return }
        let promises = self.flushedPromises
        self.flushedPromises = []
        for promise in promises { promise.succeed(()) }
    }

    private func fail(_ error: TLSError, _ context: ChannelHandlerContext) {
        guard !self.isClosing else { return }
        self.isClosing = true
        self.deadline?.cancel()
        self.sendOutput(context)
        self.failPromises(error)
        context.fireErrorCaught(error)
        context.close(mode: .all, promise: nil)
    }

    private func failPromises(_ error: any Error) {
        let promises = self.flushedPromises + self.unflushedPromises
        self.flushedPromises = []
        self.unflushedPromises = []
        for promise in promises { promise.fail(error) }
    }
}
