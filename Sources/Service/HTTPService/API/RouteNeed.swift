import ACLCore
import IdentityCore

/// What a request must be allowed for one method of a route. Every route says it where it is declared; there is no
/// default.
enum RouteNeed: Sendable {
    /// Everybody may; the token is not looked at.
    case nothing
    /// A token that exists, or none.
    case token
    /// One of these, asked for before the handler runs and before each answer of a blocking query.
    case permission(@Sendable (APIRequest) -> [Permission])
    /// The handler leaves out of a listing what its sender may not see, by `Access.filter`.
    case filter
    /// What is needed stands in the body or in the catalog: the handler asks for it, by `Access.require`.
    case handler

    /// Whether the handler must have asked: one that forgets it is a fault, and its answer is held back.
    var isUpToHandler: Bool {
        switch self {
        case .nothing, .token, .permission: false
        case .filter, .handler: true
        }
    }

    /// Whether a request can be denied for its token.
    var looksAtToken: Bool {
        switch self {
        case .nothing: false
        case .token, .permission, .filter, .handler: true
        }
    }

    // MARK: What most routes need

    static func acl(_ level: AccessLevel) -> RouteNeed { fixed(Permission(.acl, level)) }
    static func mesh(_ level: AccessLevel) -> RouteNeed { fixed(Permission(.mesh, level)) }
    static func `operator`(_ level: AccessLevel) -> RouteNeed { fixed(Permission(.operator, level)) }
    static func peering(_ level: AccessLevel) -> RouteNeed { fixed(Permission(.peering, level)) }

    /// Of the agent that is asked.
    static func agent(_ level: AccessLevel, _ environment: APIEnvironment) -> RouteNeed {
        fixed(Permission(.agent, level, on: environment.dependencies.agent.nodeName))
    }

    /// Of the service that the path names first.
    static func service(_ level: AccessLevel) -> RouteNeed {
        .permission { [Permission(.service, level, on: $0.captures.first ?? "")] }
    }

    static func any(of permissions: Permission...) -> RouteNeed { .permission { _ in permissions } }

    private static func fixed(_ permission: Permission) -> RouteNeed { .permission { _ in [permission] } }
}
