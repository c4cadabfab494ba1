import Hummingbird
import IdentityCore
import NIOCore

/// A request as the routes see it. One object for all that work on it: thousands may wait at once.
final class APIRequest: Sendable {
    let method: String
    /// As the client wrote it.
    let path: Substring
    /// Decoded parts of the path that the route's pattern left open, in their order.
    let captures: [String]
    let query: RequestQuery
    let context: APIContext
    /// What its sender may do.
    let access: Access
    /// As it was sent; nil if none was.
    let secret: SecretText?
    private let request: Request
    private let limits: HTTPLimits

    init(
        _ request: Request, target: RequestTarget, captures: [String], context: APIContext, access: Access,
        secret: SecretText?, limits: HTTPLimits
    ) {
        self.method = request.method.rawValue
        self.path = target.path
        self.captures = captures
        self.query = target.query
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
