/// Bounds of what clients of DNS can make the daemon hold or send.
package struct DNSLimits: Sendable {
    /// A query is a name and some options: more is no query.
    package var maxQueryBytes = 4_096
    /// Of one answer in a datagram, whatever the client would take: what paths carry without cutting it, and little
    /// enough that forged questions make no flood of it.
    package var maxDatagramBytes = 1_232
    /// At one listener. Answers take microseconds, and so connections come and go.
    package var maxConnections = 256
    /// A connection without a query for so long is closed, as RFC 7766 section 6.2.3 advises for servers with many.
    package var idleSeconds: Int64 = 10
    /// Answers that a client on TCP has not taken; no more of its queries are read until it has.
    package var maxUnsentBytes = 65_536

    /// Threads that answer, which serve nobody else: a flood of questions takes no more than one core from peers and from
    /// the API, and none of the loops that carry their streams.
    package var threads = 1

    package init() {}
}
