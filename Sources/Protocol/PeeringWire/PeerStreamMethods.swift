/// The paths of the two calls between peers (protocol section 3.1).
package enum PeerStreamMethod {
    /// The bidirectional stream of ``PeerMessage``s.
    package static let streamResources = "/hashicorp.consul.internal.peerstream.PeerStreamService/StreamResources"
    /// One ``WireExchangeSecretRequest`` for one ``WireExchangeSecretResponse``.
    package static let exchangeSecret = "/hashicorp.consul.internal.peerstream.PeerStreamService/ExchangeSecret"
}

/// The type of a resource, on the wire a type URL that must match exactly (protocol section 3.2).
package enum ResourceURL: Hashable, Sendable {
    case exportedService
    case exportedServiceList
    case trustBundle
    case serverAddresses
    /// Nothing that the protocol knows; kept as it came.
    case other(String)

    /// The four that the protocol knows, in the order in which a dialer subscribes.
    package static let known: [ResourceURL] = [.exportedService, .exportedServiceList, .trustBundle, .serverAddresses]

    package init(_ string: String) {
        self = Self.known.first { $0.string == string } ?? .other(string)
    }

    package var string: String {
        switch self {
        case .exportedService: "type.googleapis.com/hashicorp.consul.internal.peerstream.ExportedService"
        case .exportedServiceList: "type.googleapis.com/hashicorp.consul.internal.peerstream.ExportedServiceList"
        case .trustBundle: "type.googleapis.com/hashicorp.consul.internal.peering.PeeringTrustBundle"
        case .serverAddresses: "type.googleapis.com/hashicorp.consul.internal.peering.PeeringServerAddresses"
        case .other(let string): string
        }
    }
}

/// The IDs of the resources that exist once (protocol section 4.6). An exported service goes by its name.
package enum ResourceID {
    package static let exportedServiceList = "exported-service-list"
    package static let trustBundle = "roots"
    package static let serverAddresses = "server-addrs"
}

/// The numbers that responses carry: one counter for each stream and direction, from 1 (protocol section 4.6).
package enum Nonce {
    /// At least eight lower-case hex digits.
    package static func text(_ counter: UInt64) -> String {
        let digits = String(counter, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
    }
}
