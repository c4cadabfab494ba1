package import NIOCore

/// The client's side of one call: what the server's header blocks mean. A value without I/O.
///
/// States: `awaitingHeaders`, `receiving` (messages, then trailers), `finished`. Whatever the server does, the call
/// ends with exactly one status.
package struct GRPCClientCallMachine: Sendable {
    private enum State {
        case awaitingHeaders
        case receiving
        case finished
    }

    private var state = State.awaitingHeaders
    private var deframer: GRPCDeframer

    package init(maxReceiveMessageBytes: Int) {
        deframer = GRPCDeframer(maxMessageBytes: maxReceiveMessageBytes)
    }

    package enum OnHeaders: Sendable, Equatable {
        case initialMetadata(GRPCMetadata)
        /// The call is over with this status, OK or not.
        case finish(GRPCStatus)
        /// The call is over and the stream must be reset: the server would go on.
        case fail(GRPCStatus)
        case ignore
    }

    package mutating func headersReceived(_ block: [GRPCField], endStream: Bool) -> OnHeaders {
        switch state {
        case .finished:
            return .ignore
        case .receiving:
            state = .finished
            guard endStream else { return .fail(GRPCStatus(.internal, "the server sent two response headers")) }
            if let truncated = deframer.endReceived() { return .finish(truncated) }
            return .finish(
                GRPCTrailers.status(in: block) ?? GRPCStatus(.unknown, "the server's trailers have no grpc-status"))
        case .awaitingHeaders:
            return responseReceived(block, endStream: endStream)
        }
    }

    private mutating func responseReceived(_ block: [GRPCField], endStream: Bool) -> OnHeaders {
        let http = Int(block.first(":status") ?? "") ?? 0
        if (100..<200).contains(http), !endStream { return .ignore }
        let contentType = block.first("content-type") ?? ""
        if http == 200, GRPCContentType.isGRPC(contentType) || (contentType.isEmpty && endStream) {
            if endStream {
                state = .finished
                return .finish(
                    GRPCTrailers.status(in: block)
                        ?? GRPCStatus(.internal, "the server ended the call without a status"))
            }
            if let encoding = block.first("grpc-encoding"), encoding != "identity" {
                state = .finished
                return .fail(GRPCStatus(.internal, "grpc: the server compresses messages, which was not offered"))
            }
            state = .receiving
            return .initialMetadata(GRPCMetadata(received: block))
        }
        state = .finished
        let synthetic =
            http == 200
            ? GRPCStatus(.unknown, "the server's content-type is not gRPC's")
            : GRPCStatus(GRPCCode(httpStatus: http), "unexpected HTTP status code received from server: \(http)")
        let status = GRPCTrailers.status(in: block) ?? synthetic
        return endStream ? .finish(status) : .fail(status)
    }

    package mutating func dataReceived(_ bytes: ByteBuffer) -> GRPCDeframer.Output {
        switch state {
        case .receiving:
            let output = deframer.append(bytes)
            if output.failure != nil { state = .finished }
            return output
        case .awaitingHeaders:
            // nghttp2 lets no DATA pass before headers; kept for other transports of these bytes.
            state = .finished
            return GRPCDeframer.Output(failure: GRPCStatus(.internal, "the server sent data before headers"))
        case .finished:
            return GRPCDeframer.Output()
        }
    }

    /// Bytes of an incomplete message.
    package var partialBytes: Int { deframer.partialBytes }

    /// END_STREAM came with data, so there will be no status. - Returns: the status, unless there is one already.
    package mutating func endReceived() -> GRPCStatus? {
        finishOnce(GRPCStatus(.internal, "server closed the stream without sending trailers"))
    }

    /// The stream is gone. - Returns: the status, unless there is one already.
    package mutating func streamClosed(code: UInt32, name: String) -> GRPCStatus? {
        finishOnce(GRPCStatus(GRPCCode(resetCode: code), "stream terminated by RST_STREAM with error code: \(name)"))
    }

    /// This side ended the call, or the connection broke. - Returns: the status, unless there is one already.
    package mutating func fail(_ status: GRPCStatus) -> GRPCStatus? {
        finishOnce(status)
    }

    private mutating func finishOnce(_ status: GRPCStatus) -> GRPCStatus? {
        switch state {
        case .finished: return nil
        case .awaitingHeaders, .receiving:
            state = .finished
            return status
        }
    }
}
