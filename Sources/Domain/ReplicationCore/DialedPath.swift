/// Which way a stream that was dialed leaves this cluster. What stands at the other end does not show: that may be a
/// gateway too.
package struct DialedPath: Hashable, Sendable {
    package enum Way: String, Sendable {
        case direct
        case localGateway = "local-gateway"
    }

    package var way: Way
    /// The mesh entry asks for the cluster's own gateways, and the stream does not go through one.
    package var bypassesGateways: Bool

    package init(way: Way, bypassesGateways: Bool) {
        self.way = way
        self.bypassesGateways = bypassesGateways
    }
}
