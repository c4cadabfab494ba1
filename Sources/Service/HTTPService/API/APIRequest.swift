import Hummingbird
import IdentityCore
import NIOCore

/// A request as the routes see it.
struct APIRequest: Sendable {
    let method: String
    /// Decoded parts of the path that the route's pattern left open, in their order.
    var captures: [String] = []
    let query: RequestQuery
    let context: APIContext
    /// What its sender may do.
    let access: Access
    /// As it was sent; nil if none was.
    let secret: SecretText?
    private let request: Request
    private let limits: HTTPLimits

    init(
        _ request: Request, query: RequestQuery, context: APIContext, access: Access, secret: SecretText?,
        limits: HTTPLimits
    ) {
        self.method = request.method.rawValue
        self.query = query
        self.request = request
        self.context = context
        self.access = access
        self.secret = secret
        self.limits = limits
    }

    /// The whole body.
    func body() async throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in request.body {
                bytes.append(contentsOf: buffer.readableBytesView)
                if bytes.count > limits.maxBodyBytes { break }
            }
        } catch {
            throw Refusal(.invalid, "the body of the request is cut off")
        }
        guard bytes.count <= limits.maxBodyBytes else {
            throw Refusal(.invalid, "the body of the request is longer than \(limits.maxBodyBytes) bytes")
        }
        return bytes
    }
}
