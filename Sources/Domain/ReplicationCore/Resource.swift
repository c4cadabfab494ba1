/// The four kinds of resource that a peer can subscribe to (protocol section 3.2).
package enum ResourceKind: Hashable, Sendable, CaseIterable {
    case exportedService
    case exportedServiceList
    case trustBundle
    case serverAddresses
}

/// One resource that we may send, by name.
package enum ResourceKey: Hashable, Sendable {
    /// The instances of a service.
    case service(String)
    /// The gateways that lead to a service, as its synthetic proxies.
    case proxies(String)
    case serviceList
    case trustBundle
    case serverAddresses

    package var kind: ResourceKind {
        switch self {
        case .service, .proxies: .exportedService
        case .serviceList: .exportedServiceList
        case .trustBundle: .trustBundle
        case .serverAddresses: .serverAddresses
        }
    }

    /// What makes the name of a service that of its proxies.
    static let proxySuffix = "-sidecar-proxy"

    /// What travels as ResourceID (protocol section 4.6).
    package var wireID: String {
        switch self {
        case .service(let name): name
        case .proxies(let name): name + Self.proxySuffix
        case .serviceList: "exported-service-list"
        case .trustBundle: "roots"
        case .serverAddresses: "server-addrs"
        }
    }
}

/// gRPC status codes that the peer stream uses (protocol section 3, facts part D). The raw values travel.
package enum StreamCode: Int, Sendable {
    case ok = 0
    case unknown = 2
    case invalidArgument = 3
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case `internal` = 13
    case unavailable = 14
}

/// A code and a sentence that end a stream, or refuse one resource.
package struct StreamFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: StreamCode
    package var message: String

    package init(_ code: StreamCode, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
