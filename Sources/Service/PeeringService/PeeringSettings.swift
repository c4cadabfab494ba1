package import PeeringCore
package import ReplicationCore

/// What the agent's configuration says about peering.
package struct PeeringSettings: Sendable {
    /// Where dialers reach this cluster.
    package var addresses: ReachableAddresses
    /// How long redeeming a token may take (protocol section 1.7).
    package var exchangeTimeout: Duration = .seconds(3)
    /// Between two attempts to redeem; a random quarter is added.
    package var exchangePause: Duration = .milliseconds(150)
    /// How long a dialer may wait with the first message of its stream.
    package var openTimeout: Duration = .seconds(10)
    package var backoff = DialBackoff.Limits()

    package init(addresses: ReachableAddresses) {
        self.addresses = addresses
    }
}
