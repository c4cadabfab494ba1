import DocumentCore
import HTTPTypes
import Hummingbird
import IdentityCore
import NIOCore

/// What a route answers.
struct APIAnswer: Sendable {
    enum Content: Sendable {
        case empty
        /// Written when it is known whether it shall be pretty.
        case json(@Sendable (inout JSONWriter) -> Void)
        /// JSON that is written already, pretty or not.
        case encoded(ByteBuffer)
        case text(String, type: String = "text/plain; charset=utf-8")
        /// Lines without an end; the closure writes until it returns.
        case stream(@Sendable @concurrent (inout any ResponseBodyWriter) async throws -> Void)
    }

    var status: HTTPResponse.Status = .ok
    var content: Content
    /// For reads that can block: the index of what was read.
    var index: UInt64?
    /// A word for programs that says more than the status of a refusal.
    var reason: String?
    var contentHash: String?
    /// Methods that the path knows, for the `Allow` header.
    var allow: String?
    /// What is told of access control, by the responder.
    var defaultPolicy = "allow"
    var isFiltered = false

    static func json(_ write: @escaping @Sendable (inout JSONWriter) -> Void) -> APIAnswer {
        APIAnswer(content: .json(write))
    }

    static let empty = APIAnswer(content: .empty)

    /// The one place where refusals become HTTP (protocol section 8.1, with 400 for the caller's mistakes).
    static func refusal(_ refusal: Refusal) -> APIAnswer {
        let status: HTTPResponse.Status =
            switch refusal.code {
            case .invalid, .conflict: .badRequest
            case .notFound: .notFound
            case .denied: .forbidden
            case .disabled: .unauthorized
            case .unavailable: .serviceUnavailable
            case .failed: .internalServerError
            case .absent: .notImplemented
            }
        return APIAnswer(status: status, content: .text(refusal.message), reason: refusal.reason)
    }

    static func methodNotAllowed(_ method: String, allow: String) -> APIAnswer {
        APIAnswer(
            status: .methodNotAllowed, content: .text("method \(method) not allowed"), allow: allow)
    }

    /// The sentence that it consists of; empty for anything else.
    var text: String {
        guard case .text(let text, _) = content else { return "" }
        return text
    }

    // MARK: As HTTP

    func response(pretty: Bool, limit: Int) -> Response {
        let answer = encoded(pretty: pretty, limit: limit)
        return Response(status: answer.status, headers: answer.headers, body: answer.body)
    }

    /// The same with its JSON written.
    ///
    /// - Parameter limit: bytes that it may take; one that takes more is refused.
    func encoded(pretty: Bool, limit: Int) -> APIAnswer {
        guard case .json(let write) = content else { return self }
        var answer = self
        if let buffer = Self.encode(write, pretty: pretty, limit: limit) {
            answer.content = .encoded(buffer)
        } else {
            answer.status = .badRequest
            answer.content = .text(
                "the answer takes more than \(limit >> 20) MiB: ask for less, with ?filter= or for one thing by name")
        }
        return answer
    }

    /// Bytes of its body, if it is written.
    var encodedBytes: Int {
        switch content {
        case .encoded(let buffer): buffer.readableBytes
        case .text(let text, _): text.utf8.count
        case .empty, .json, .stream: 0
        }
    }

    /// - Returns: `nil` if it is too large.
    private static func encode(
        _ write: (inout JSONWriter) -> Void, pretty: Bool, limit: Int
    ) -> ByteBuffer? {
        var json = JSONWriter(style: pretty ? .pretty : .compact, limit: limit)
        write(&json)
        if json.isOverLimit { return nil }
        var buffer = ByteBuffer(bytes: json.bytes)
        if pretty { buffer.writeString("\n") }
        return buffer
    }

    private var headers: HTTPFields {
        var headers = HTTPFields()
        switch content {
        case .empty: break
        case .json, .encoded: headers[.contentType] = "application/json"
        case .text(_, let type): headers[.contentType] = type
        case .stream: headers[.contentType] = "application/x-ndjson"
        }
        headers[.vary] = "Accept-Encoding"
        headers[.defaultACLPolicy] = defaultPolicy
        if isFiltered { headers[.filteredByACLs] = "true" }
        if let contentHash { headers[.contentHash] = contentHash }
        if let allow { headers[.allow] = allow }
        if let reason { headers[.reason] = reason }
        if let index {
            headers[.consulIndex] = "\(max(index, 1))"
            headers[.knownLeader] = "true"
            headers[.lastContact] = "0"
            headers[.effectiveConsistency] = "leader"
            headers[.queryBackend] = "blocking-query"
        }
        return headers
    }

    private var body: ResponseBody {
        switch content {
        case .empty, .json:
            return ResponseBody()
        case .encoded(let buffer):
            return ResponseBody(byteBuffer: buffer)
        case .text(let text, _):
            return ResponseBody(byteBuffer: ByteBuffer(string: text))
        case .stream(let write):
            return ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            }
        }
    }
}

extension HTTPField.Name {
    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is a valid header name") }
        return name
    }

    static let consulIndex = known("X-Consul-Index")
    static let knownLeader = known("X-Consul-KnownLeader")
    static let lastContact = known("X-Consul-LastContact")
    static let reason = known("X-Hawser-Reason")
    static let effectiveConsistency = known("X-Consul-Effective-Consistency")
    static let queryBackend = known("X-Consul-Query-Backend")
    static let contentHash = known("X-Consul-ContentHash")
    static let consulToken = known("X-Consul-Token")
    static let filteredByACLs = known("X-Consul-Results-Filtered-By-ACLs")
    static let defaultACLPolicy = known("X-Consul-Default-Acl-Policy")
}
