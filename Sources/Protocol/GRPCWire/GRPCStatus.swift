/// The status codes of gRPC, as on the wire.
package enum GRPCCode: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case ok = 0
    case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
    case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable
    case dataLoss, unauthenticated

    /// The name as gRPC's documentation writes it.
    package var description: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }

    /// What a response that is not gRPC's means (gRPC: "HTTP to gRPC Status Code Mapping").
    package init(httpStatus: Int) {
        self =
            switch httpStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
    }

    /// What a stream reset by the peer means (gRPC: PROTOCOL-HTTP2, "Errors"). The number is HTTP/2's error code.
    package init(resetCode: UInt32) {
        self =
            switch resetCode {
            case 0x7: .unavailable
            case 0x8: .cancelled
            case 0xb: .resourceExhausted
            case 0xc: .permissionDenied
            default: .internal
            }
    }
}

/// How a call ended: what goes over the wire, and what is thrown when it is not OK.
///
/// Equality ignores the trailers and the cause.
package struct GRPCStatus: Error, Sendable, Equatable, CustomStringConvertible {
    package var code: GRPCCode
    /// For people; any text, the wire format escapes it.
    package var message: String
    /// grpc-status-details-bin: a `google.rpc.Status`, encoded; empty if there is none.
    package var details: [UInt8]
    /// Trailing metadata that came with the status.
    package var trailers: GRPCMetadata
    /// The local error behind it, such as the TLS failure of the connection. Never sent.
    package var cause: (any Error)?

    package init(
        _ code: GRPCCode, _ message: String = "", details: [UInt8] = [], trailers: GRPCMetadata = [:],
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.trailers = trailers
        self.cause = cause
    }

    package static let ok = GRPCStatus(.ok)

    package static func == (left: GRPCStatus, right: GRPCStatus) -> Bool {
        left.code == right.code && left.message == right.message && left.details == right.details
    }

    package var description: String { message.isEmpty ? code.description : "\(code): \(message)" }

    /// A message came that is over the receiver's limit. The text is grpc-go's: operators search for it.
    package static func receivedTooLarge(_ bytes: Int, max: Int) -> GRPCStatus {
        GRPCStatus(.resourceExhausted, "grpc: received message larger than max (\(bytes) vs. \(max))")
    }

    /// A message was to be sent that is over the sender's limit. The text is grpc-go's.
    package static func sentTooLarge(_ bytes: Int, max: Int) -> GRPCStatus {
        GRPCStatus(.resourceExhausted, "trying to send message larger than max (\(bytes) vs. \(max))")
    }
}
