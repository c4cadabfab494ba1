/// What a relay listens on, how it moves bytes, and what it allows.
package struct RelayConfiguration: Sendable {
    /// How bytes get from one socket to the other.
    package enum Path: Sendable, Hashable, CaseIterable {
        /// Small messages by copying them, larger ones with splice(2) through a pipe, without copying.
        case splice
        /// All by copying them through a buffer of the thread. It needs no pipes.
        case copy
    }

    /// At least one. Port 0 takes a free one, see `GatewayRelay.addresses`.
    package var listen: [RelayAddress]
    /// Nil: one per core, at most four.
    package var threads: Int?
    package var path = Path.splice
    /// Every client starts with a header of the PROXY protocol, version 2, and is refused without one. Only those
    /// may reach the port who are trusted to say who the client is.
    package var expectsProxyHeader = false
    /// Upstreams get a header of the PROXY protocol, version 2, before the first byte of the client.
    package var sendsProxyHeader = false
    /// The kernel hands a connection out only when the client has sent something, or after a while. It saves a wake
    /// per connection, and silent clients cost no descriptor.
    package var defersAccept = true
    package var limits = RelayLimits()
    package var timeouts = RelayTimeouts()

    package init(listen: [RelayAddress]) {
        self.listen = listen
    }
}

/// What clients can make the relay hold. All of them are for the whole relay.
package struct RelayLimits: Sendable {
    /// Connections that are open, from the first byte on. Each takes two descriptors, so that a limit of open files
    /// of less than twice as many (plus a few) is met first; clients are refused then too.
    package var connections = 20_000
    /// Connections whose hello is incomplete: what a flood of silent clients can hold.
    package var unfinishedHellos = 10_000
    /// The same for one source: an IPv4 address, or the first 64 bits of an IPv6 one. Many honest clients can share
    /// an address, but their hellos are complete within a round trip. It does not hold where a PROXY header is
    /// expected: there all clients come from the proxy.
    package var unfinishedHellosPerSource = 1_000
    /// Pipes that are open. A connection borrows one for each direction that has more to move than it can deliver at
    /// once; without a pipe bytes are copied.
    package var pipes = 4_096
    /// Bytes that a pipe should hold. The system may allow less: /proc/sys/fs/pipe-max-size for each, and
    /// pipe-user-pages-soft for all pipes of an unprivileged user.
    package var pipeBytes = 1_048_576
    /// Routes with counters of their own. Connections of more routes are counted together, as `RelayCounters.others`.
    package var countedRoutes = 10_000
    /// Bytes of a PROXY header after its first sixteen: addresses and extensions. Real ones have 12 to 400.
    package var proxyHeaderBytes = 2_048
    /// Connections that wait in the kernel to be accepted. It takes less when /proc/sys/net/core/somaxconn is less.
    package var backlog: Int32 = 4_096

    package init() {}
}

/// How long the relay waits. They are kept to within a sixteenth, never early.
package struct RelayTimeouts: Sendable {
    /// From the connection to the end of the hello.
    package var handshake = Duration.seconds(10)
    /// For each target of a route.
    package var connect = Duration.seconds(5)
    /// Without a byte in either direction.
    package var idle = Duration.seconds(3_600)
    /// The same, once one side has sent its end and the other has not.
    package var halfClosed = Duration.seconds(300)

    package init() {}
}
