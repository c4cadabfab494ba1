import GRPCWire
import HTTP2Engine
import NIOCore

/// What happens to single calls.
extension GRPCConnectionHandler {
    /// Names of request fields that hold credentials: kept out of the HPACK tables.
    private static let sensitive: Set<String> = ["authorization", "x-consul-token", "cookie"]

    private static func http2(_ block: [GRPCField]) -> [HTTP2Field] {
        block.map { HTTP2Field($0.name, $0.value, isSensitive: sensitive.contains($0.name)) }
    }

    // MARK: - From the session

    func headersReceived(_ id: HTTP2StreamID, _ fields: [HTTP2Field], endStream: Bool) {
        let block = fields.map { GRPCField($0.name, $0.value) }
        guard let stream = streams[id] else {
            if settings.role == .server { requestReceived(id, block, endStream: endStream) }
            return
        }
        switch stream.machine {
        case .client(var machine):
            let action = machine.headersReceived(block, endStream: endStream)
            stream.machine = .client(machine)
            switch action {
            case .ignore: break
            case .initialMetadata(let metadata): stream.core.metadataReceived(metadata)
            case .finish(let status): finishClient(id, stream, status)
            case .fail(let status): failClient(id, stream, status)
            }
        case .server:
            // Trailers of a request: gRPC has none, but their END_STREAM counts.
            if endStream { endReceived(id) }
        }
    }

    private func requestReceived(_ id: HTTP2StreamID, _ block: [GRPCField], endStream: Bool) {
        guard liveHandlers < Int(settings.http2.maxConcurrentStreams), closeReason == nil else {
            return session.reset(stream: id, .refusedStream)
        }
        var machine = GRPCServerCallMachine(maxReceiveMessageBytes: settings.limits.maxReceiveMessageBytes)
        switch machine.requestReceived(block, endStream: endStream) {
        case .ignore:
            break
        case .reject(let response):
            submitResponse(id, response, endStream: true)
        case .accept(let head):
            let core = CallCore(mailbox: mailbox, limits: settings.limits, stream: id)
            let stream = Stream(core: core, machine: .server(machine))
            streams[id] = stream
            liveHandlers += 1
            if endStream { core.inboundEnded(.ok) }
            if let timeout = head.timeout { setDeadline(id, stream, timeout) }
            owner.callAccepted(core, head)
        }
    }

    func dataReceived(_ id: HTTP2StreamID, _ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        guard let stream = streams[id] else { return session.consume(stream: id, bytes: count) }
        let output: GRPCDeframer.Output
        let partial: Int
        switch stream.machine {
        // A placeholder stays behind, so that the machine's buffer has one owner and is not copied.
        case .client(var machine):
            stream.machine = .client(GRPCClientCallMachine(maxReceiveMessageBytes: 0))
            output = machine.dataReceived(bytes)
            partial = machine.partialBytes
            stream.machine = .client(machine)
        case .server(var machine):
            stream.machine = .server(GRPCServerCallMachine(maxReceiveMessageBytes: 0))
            output = machine.dataReceived(bytes)
            partial = machine.partialBytes
            stream.machine = .server(machine)
        }
        partialBytes += partial - stream.partial
        stream.partial = partial
        let credit = stream.core.messagesReceived(output.frames, bytes: count, partial: partial)
        session.consume(stream: id, bytes: credit)
        if let failure = output.failure {
            failCall(id, stream, failure)
        } else if partial > 0, partialBytes > settings.limits.maxPartialBytesPerConnection {
            failCall(id, stream, GRPCStatus(.resourceExhausted, "too many incomplete messages on this connection"))
        }
    }

    func endReceived(_ id: HTTP2StreamID) {
        guard let stream = streams[id] else { return }
        switch stream.machine {
        case .client(var machine):
            let status = machine.endReceived()
            stream.machine = .client(machine)
            if let status { finishClient(id, stream, status) }
        case .server(var machine):
            let action = machine.endReceived()
            stream.machine = .server(machine)
            switch action {
            case .ignore: break
            case .endInbound: stream.core.inboundEnded(.ok)
            case .fail(let status): failCall(id, stream, status)
            }
        }
    }

    func streamClosed(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        stream.deadline?.cancel()
        partialBytes -= stream.partial
        switch stream.machine {
        case .client(var machine):
            if let status = machine.streamClosed(code: code.rawValue, name: "\(code)") {
                stream.core.callEnded(inbound: status, outbound: status)
            }
        case .server:
            // After an answer both are set already, and this does nothing.
            let status = GRPCStatus(.cancelled, "the client cancelled the call: \(code)")
            stream.core.callEnded(inbound: status, outbound: status)
        }
    }

    // MARK: - Ending calls

    /// The server sent the status.
    private func finishClient(_ id: HTTP2StreamID, _ stream: Stream, _ status: GRPCStatus) {
        let outbound = status.code == .ok ? GRPCStatus(.cancelled, "the server has ended the call") : status
        stream.core.callEnded(inbound: status, outbound: outbound)
        // The server does not want the rest of the request; without this the stream would stay half open.
        session.reset(stream: id, .noError)
    }

    private func failClient(_ id: HTTP2StreamID, _ stream: Stream, _ status: GRPCStatus) {
        stream.core.callEnded(inbound: status, outbound: status)
        session.reset(stream: id, .cancel)
    }

    /// This side ends the call with a status: an answer from a server, a reset from a client.
    private func failCall(_ id: HTTP2StreamID, _ stream: Stream, _ status: GRPCStatus) {
        switch stream.machine {
        case .client(var machine):
            _ = machine.fail(status)
            stream.machine = .client(machine)
            failClient(id, stream, status)
        case .server:
            if session.queuedBytes(stream: id) == 0 {
                finishServer(id, stream, status)
            } else {
                // The status would wait behind data that the client may never take.
                session.reset(stream: id, .cancel)
            }
            stream.core.callEnded(inbound: status, outbound: status)
        }
    }

    private func finishServer(_ id: HTTP2StreamID, _ stream: Stream, _ status: GRPCStatus) {
        guard case .server(var machine) = stream.machine else { return }
        let action = machine.finish(status)
        stream.machine = .server(machine)
        stream.deadline?.cancel()
        switch action {
        case .ignore: break
        case .sendOnly(let block): submitResponse(id, block, endStream: true)
        case .sendTrailers(let block): session.end(stream: id, trailers: Self.http2(block))
        }
    }

    private func submitResponse(_ id: HTTP2StreamID, _ block: [GRPCField], endStream: Bool) {
        do {
            try session.submitResponse(stream: id, Self.http2(block), endStream: endStream)
        } catch {
            session.reset(stream: id, .internalError)
        }
    }

    private func setDeadline(_ id: HTTP2StreamID, _ stream: Stream, _ timeout: TimeAmount) {
        guard let context else { return }
        stream.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            guard let stream = self.streams[id] else { return }
            self.failCall(id, stream, GRPCStatus(.deadlineExceeded, "context deadline exceeded"))
            self.pump()
        }
    }

    // MARK: - From tasks

    /// Does what the tasks of a call have asked for, in the order: open, send, end, reset, give credit.
    func run(_ work: CallCore.Work, of core: CallCore) {
        var id = work.stream
        if let request = work.request {
            guard let opened = openStream(request, core) else { return }
            id = opened
        }
        if let stream = streams[id], stream.core === core {
            send(work, id, stream)
        }
        session.consume(stream: id, bytes: work.credit)
        if work.mustRelease, settings.role == .server { liveHandlers -= 1 }
    }

    private func send(_ work: CallCore.Work, _ id: HTTP2StreamID, _ stream: Stream) {
        if !work.outbox.isEmpty {
            if case .server(var machine) = stream.machine {
                let block = machine.messagesSending(metadata: work.metadata)
                stream.machine = .server(machine)
                if let block { submitResponse(id, block, endStream: false) }
            }
            for bytes in work.outbox { session.write(stream: id, bytes) }
        }
        switch work.end {
        case .none: break
        case .halfClose: session.end(stream: id)
        case .status(let status): finishServer(id, stream, status)
        }
        if work.mustReset { session.reset(stream: id, .cancel) }
    }

    private func openStream(_ request: GRPCRequestHead, _ core: CallCore) -> HTTP2StreamID? {
        do {
            let block = request.fields(userAgent: settings.userAgent)
            let id = try session.submitRequest(Self.http2(block), endStream: false)
            let machine = GRPCClientCallMachine(maxReceiveMessageBytes: settings.limits.maxReceiveMessageBytes)
            let stream = Stream(core: core, machine: .client(machine))
            streams[id] = stream
            core.opened(id)
            if let timeout = request.timeout { setDeadline(id, stream, timeout) }
            return id
        } catch {
            let status = closeReason ?? GRPCStatus(.unavailable, error.message, cause: error)
            core.callEnded(inbound: status, outbound: status)
            return nil
        }
    }
}
