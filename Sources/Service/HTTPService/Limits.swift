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
    /// Bytes of a peer's services that are decoded for one answer: eight times what 10,000 services of two instances
    /// take. More takes seconds.
    package var maxDecodedBytes = 64 << 20
    /// Bytes of one answer: the largest service that a peer may send takes twice its bytes in JSON. An answer that takes
    /// more is refused.
    package var maxAnswerBytes = 128 << 20

    package init() {}
}

/// What the answers of all doors may take together, each with its reason.
package struct AnswerLimits: Sendable {
    /// Blocking queries that look at the state and are answered at once, of the whole catalog and of other things each;
    /// further ones wait their turn, and other requests do not wait for them. So a change that wakes thousands leaves
    /// the event loops room for others: so many answers of 100 KB take a few milliseconds to send.
    package var queriesAtOnce = 16
    /// Reads of the whole catalog that are worked out at once: one core stays free for small requests.
    package var catalogReadsAtOnce = max(1, System.coreCount - 1)
    /// Answers kept for those who wait for the same. Those who share the catalog ask a few questions; where everybody
    /// asks their own, the answers are small, and are made in turn.
    package var sharedAnswers = 256
    /// Bytes of them. Answers about all of 20,000 services have about 6 MB; one that is larger than all of this is not
    /// kept, and only those who look while it is made share it.
    package var sharedBytes = 32 << 20
    /// How long one is kept: thousands are answered in that time, and what it says apart from the state, such as
    /// whether a token has expired, is not older.
    package var sharedFor = Duration.seconds(2)

    package init() {}
}
