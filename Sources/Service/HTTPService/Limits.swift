import NIOCore

/// What one HTTP server accepts, each with its reason.
package struct HTTPLimits: Sendable {
    /// Clients at once; further ones wait in the listen queue. Blocking queries hold a connection each, and a client
    /// that watches a catalog has one for each service; the hard limit of open files is far above.
    package var maxConnections = 8_192
    /// Bytes of a request's body. The largest is a config entry that exports thousands of services one by one.
    package var maxBodyBytes = 4 << 20
    /// Bytes of all header fields, and of one: names and a token.
    package var maxHeaderBytes = 16 << 10
    package var maxHeaderCount = 100
    /// Bytes of path and query: the longest filter that a client makes.
    package var maxTargetBytes = 8 << 10
    /// Bytes of a head that is not complete: all of the above, and what else came in one read.
    package var maxHeadBytes = 128 << 10
    /// Seconds from the first byte of a request to the end of its head, and of a TLS handshake.
    package var headSeconds: Int64 = 10
    /// Seconds from there to the end of its body.
    package var bodySeconds: Int64 = 60
    /// Seconds that a client may take nothing of its answer.
    package var answerSeconds: Int64 = 60
    /// Seconds that a connection may stay without a complete request head, at its start and between requests.
    package var idleSeconds: Int64 = 120
    /// Seconds that a blocking query waits if it does not say how long, and at most (Consul's own values).
    package var defaultWaitSeconds: Int64 = 300
    package var maxWaitSeconds: Int64 = 600
    /// Part of the wait that is added by chance, so that clients that came together do not come back together.
    package var jitterFraction: Int64 = 16
    /// Events that a watch takes from the log and writes at once.
    package var watchBatch = 256
    /// Instances decoded for one answer at most; an answer that needs more is refused.
    package var maxInstances = 200_000

    package init() {}
}
