package import NIOCore

/// Decides when to send a PING and when to give a silent peer up. A value; the caller owns the one timer.
///
/// Anything that is read proves that the peer lives, so a busy connection never pings.
package struct Keepalive: Sendable, Equatable {
    package struct Configuration: Sendable, Equatable {
        /// Silence after which a PING is sent.
        package var interval: TimeAmount
        /// How long anything at all may take to come after the PING.
        package var timeout: TimeAmount
        /// Whether to ping a connection without calls.
        package var pingsWithoutStreams: Bool

        package init(interval: TimeAmount, timeout: TimeAmount, pingsWithoutStreams: Bool = true) {
            self.interval = interval
            self.timeout = timeout
            self.pingsWithoutStreams = pingsWithoutStreams
        }

        /// A dialer: peering protocol section 4.10.
        package static let client = Configuration(interval: .seconds(30), timeout: .seconds(10))
        /// An acceptor: peering protocol section 4.10.
        package static let server = Configuration(interval: .seconds(30), timeout: .seconds(20))
    }

    package enum OnTimer: Sendable, Equatable {
        case sendPing(recheckAt: NIODeadline)
        case recheck(at: NIODeadline)
        case closeConnection
    }

    private let configuration: Configuration
    private var lastRead: NIODeadline
    private var pingSentAt: NIODeadline?

    package init(_ configuration: Configuration, now: NIODeadline) {
        self.configuration = configuration
        self.lastRead = now
    }

    /// When to call `timerFired` for the first time.
    package var firstCheck: NIODeadline { lastRead + configuration.interval }

    package mutating func bytesReceived(now: NIODeadline) {
        lastRead = now
        pingSentAt = nil
    }

    package mutating func timerFired(now: NIODeadline, activeStreams: Int) -> OnTimer {
        if let sent = pingSentAt {
            let end = sent + configuration.timeout
            return now >= end ? .closeConnection : .recheck(at: end)
        }
        let due = lastRead + configuration.interval
        guard now >= due else { return .recheck(at: due) }
        guard activeStreams > 0 || configuration.pingsWithoutStreams else {
            return .recheck(at: now + configuration.interval)
        }
        pingSentAt = now
        return .sendPing(recheckAt: now + configuration.timeout)
    }
}

/// What a server tolerates of a client's PINGs (peering protocol section 4.10). A value.
///
/// A PING after this end sent data or headers is free: clients measure the bandwidth with them. Others must keep
/// a distance, and without an active stream they should not come at all.
package struct PingPolicy: Sendable, Equatable {
    package struct Configuration: Sendable, Equatable {
        /// Smallest distance of two PINGs on a connection with a stream.
        package var minimumInterval: TimeAmount = .seconds(15)
        /// The same without a stream; that long because such PINGs are not permitted, but one may be an accident.
        package var minimumIdleInterval: TimeAmount = .hours(2)
        /// Strikes that are forgiven.
        package var maxStrikes = 2

        package init() {}
    }

    private let configuration: Configuration
    private var lastPing: NIODeadline?
    private var strikes = 0
    private var sentSinceLastPing = false

    package init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// This end sent DATA or HEADERS.
    package mutating func dataSent() {
        sentSinceLastPing = true
    }

    /// - Returns: `true` if the connection must end with `too_many_pings`.
    package mutating func pingReceived(now: NIODeadline, activeStreams: Int) -> Bool {
        defer { lastPing = now }
        if sentSinceLastPing {
            sentSinceLastPing = false
            strikes = 0
            return false
        }
        guard let last = lastPing else { return false }
        let distance = activeStreams > 0 ? configuration.minimumInterval : configuration.minimumIdleInterval
        if last + distance > now {
            strikes += 1
        }
        return strikes > configuration.maxStrikes
    }
}
