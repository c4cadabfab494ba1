/// What a command accepts from the daemon, and how long it waits.
struct ClientLimits: Sendable {
    /// Seconds until a connection must stand: on a healthy network it takes far less.
    var connectSeconds: Int64 = 5
    /// Seconds until an answer must be complete, if the request itself does not ask the daemon to wait.
    var answerSeconds: Int64 = 60
    /// A connection on which nothing came for so long is probed so often, and is dead after so many probes without an
    /// answer: in a minute, where the system would take two hours.
    var keepaliveIdleSeconds = 30
    var keepaliveIntervalSeconds = 10
    var keepaliveProbes = 3
    /// Bytes of one answer: a list of ten thousand imported services fits several times.
    var maxAnswerBytes = 256 << 20
    /// Bytes of one line of a stream.
    var maxLineBytes = 1 << 20
}
