package import NIOCore

/// The server's side of one call: which header blocks it reads and writes, and when. A value without I/O.
///
/// States: `idle` until the request came; `open` while either side may still speak; `finished` after the status.
/// A peer's mistake ends in an answer with a status; what comes after `finished` is the tail of a call that the
/// peer does not yet know to be over, and is ignored.
package struct GRPCServerCallMachine: Sendable {
    private struct Open {
        var hasSentHeaders = false
        var hasInboundEnded = false
    }

    private enum State {
        case idle
        case open(Open)
        case finished
    }

    private var state = State.idle
    private var deframer: GRPCDeframer

    package init(maxReceiveMessageBytes: Int) {
        deframer = GRPCDeframer(maxMessageBytes: maxReceiveMessageBytes)
    }

    package enum OnRequest: Sendable, Equatable {
        /// Start a handler.
        case accept(GRPCRequestHead)
        /// Answer with this block and END_STREAM; no handler.
        case reject([GRPCField])
        case ignore
    }

    package mutating func requestReceived(_ block: [GRPCField], endStream: Bool) -> OnRequest {
        switch state {
        case .open, .finished: return .ignore
        case .idle: break
        }
        switch Self.read(block) {
        case .success(let head):
            state = .open(Open(hasInboundEnded: endStream))
            return .accept(head)
        case .failure(let rejection):
            state = .finished
            return .reject(rejection.fields)
        }
    }

    private struct Rejection: Error {
        var fields: [GRPCField]

        init(_ status: GRPCStatus, http: Int = 200, extra: [GRPCField] = []) {
            fields = GRPCTrailers.onlyFields(status, httpStatus: http) + extra
        }
    }

    private static func read(_ block: [GRPCField]) -> Result<GRPCRequestHead, Rejection> {
        guard block.first(":method") == "POST" else {
            let status = GRPCStatus(.internal, "the HTTP method must be POST")
            return .failure(Rejection(status, http: 405, extra: [GRPCField("allow", "POST")]))
        }
        guard GRPCContentType.isGRPC(block.first("content-type") ?? "") else {
            let status = GRPCStatus(.invalidArgument, "the content-type must be application/grpc")
            return .failure(Rejection(status, http: 415))
        }
        if let encoding = block.first("grpc-encoding"), encoding != "identity" {
            let status = GRPCStatus(.unimplemented, "grpc: messages must not be compressed")
            return .failure(Rejection(status, extra: [GRPCField("grpc-accept-encoding", "identity")]))
        }
        var timeout: TimeAmount?
        if let text = block.first("grpc-timeout") {
            timeout = GRPCTimeout.parse(text)
            guard timeout != nil else {
                return .failure(Rejection(GRPCStatus(.internal, "malformed grpc-timeout")))
            }
        }
        return .success(
            GRPCRequestHead(
                path: block.first(":path") ?? "", authority: block.first(":authority") ?? block.first("host") ?? "",
                scheme: block.first(":scheme") ?? "", metadata: GRPCMetadata(received: block), timeout: timeout))
    }

    package mutating func dataReceived(_ bytes: ByteBuffer) -> GRPCDeframer.Output {
        switch state {
        case .open(let open) where !open.hasInboundEnded: return deframer.append(bytes)
        case .idle, .open, .finished: return GRPCDeframer.Output()
        }
    }

    /// Bytes of an incomplete message.
    package var partialBytes: Int { deframer.partialBytes }

    package enum OnEnd: Sendable, Equatable {
        case endInbound
        /// The call cannot go on.
        case fail(GRPCStatus)
        case ignore
    }

    /// END_STREAM of the request, also one that came as trailers.
    package mutating func endReceived() -> OnEnd {
        switch state {
        case .idle, .finished:
            return .ignore
        case .open(var open):
            guard !open.hasInboundEnded else { return .ignore }
            open.hasInboundEnded = true
            state = .open(open)
            return deframer.endReceived().map { .fail($0) } ?? .endInbound
        }
    }

    /// Messages are about to be sent. - Returns: the header block to send before them, once.
    package mutating func messagesSending(metadata: GRPCMetadata) -> [GRPCField]? {
        switch state {
        case .idle, .finished: return nil
        case .open(var open):
            guard !open.hasSentHeaders else { return nil }
            open.hasSentHeaders = true
            state = .open(open)
            let fields = [GRPCField(":status", "200"), GRPCField("content-type", GRPCContentType.plain)]
            return fields + metadata.fields
        }
    }

    package enum OnFinish: Sendable, Equatable {
        /// Send this block with END_STREAM as the whole response.
        case sendOnly([GRPCField])
        /// Send this block after what is queued.
        case sendTrailers([GRPCField])
        case ignore
    }

    package mutating func finish(_ status: GRPCStatus) -> OnFinish {
        switch state {
        case .idle, .finished:
            return .ignore
        case .open(let open):
            state = .finished
            return open.hasSentHeaders
                ? .sendTrailers(GRPCTrailers.fields(status)) : .sendOnly(GRPCTrailers.onlyFields(status))
        }
    }

    /// The stream is gone. Nothing more is sent.
    package mutating func streamClosed() {
        state = .finished
    }
}
