import HTTP2Engine
import NIOCore
import Testing

/// A reference to a value, since `#expect` does not take mutating calls.
final class Box<Value> {
    var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func call<R>(_ body: (inout Value) -> R) -> R {
        body(&value)
    }
}

@Suite struct KeepaliveTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func silentPeerIsPingedThenGivenUp() {
        let keepalive = Box(Keepalive(.client, now: start))
        let due = start + .seconds(30)
        #expect(keepalive.value.firstCheck == due)
        #expect(
            keepalive.call { $0.timerFired(now: due, activeStreams: 0) } == .sendPing(recheckAt: due + .seconds(10)))
        #expect(keepalive.call { $0.timerFired(now: due + .seconds(10), activeStreams: 0) } == .closeConnection)
    }

    @Test func anyBytesAreALifeSign() {
        let keepalive = Box(Keepalive(.server, now: start))
        keepalive.value.bytesReceived(now: start + .seconds(20))
        #expect(
            keepalive.call { $0.timerFired(now: start + .seconds(30), activeStreams: 1) }
                == .recheck(at: start + .seconds(50)))
        #expect(
            keepalive.call { $0.timerFired(now: start + .seconds(50), activeStreams: 1) }
                == .sendPing(recheckAt: start + .seconds(70)))
        keepalive.value.bytesReceived(now: start + .seconds(51))
        #expect(
            keepalive.call { $0.timerFired(now: start + .seconds(70), activeStreams: 1) }
                == .recheck(at: start + .seconds(81)))
    }

    @Test func withoutStreamsItMaySleep() {
        let configuration = Keepalive.Configuration(
            interval: .seconds(30), timeout: .seconds(5), pingsWithoutStreams: false)
        let keepalive = Box(Keepalive(configuration, now: start))
        let due = start + .seconds(30)
        #expect(keepalive.call { $0.timerFired(now: due, activeStreams: 0) } == .recheck(at: due + .seconds(30)))
        #expect(keepalive.call { $0.timerFired(now: due, activeStreams: 1) } == .sendPing(recheckAt: due + .seconds(5)))
    }

    @Test func pingsAtADistanceAreFine() {
        let policy = Box(PingPolicy(PingPolicy.Configuration()))
        for index in 0..<20 {
            #expect(!policy.call { $0.pingReceived(now: start + .seconds(Int64(15 * index)), activeStreams: 1) })
        }
    }

    @Test func thirdStrikeIsOneTooMany() {
        let policy = Box(PingPolicy(PingPolicy.Configuration()))
        let results = (0..<4).map { policy.value.pingReceived(now: start + .seconds(Int64(14 * $0)), activeStreams: 1) }
        #expect(results == [false, false, false, true])
    }

    @Test func withoutAStreamTheDistanceIsHours() {
        let policy = Box(PingPolicy(PingPolicy.Configuration()))
        let results = (0..<4).map { policy.value.pingReceived(now: start + .minutes(Int64(30 * $0)), activeStreams: 0) }
        #expect(results == [false, false, false, true])
    }

    @Test func dataForgivesStrikes() {
        let policy = Box(PingPolicy(PingPolicy.Configuration()))
        for _ in 0..<100 {
            policy.value.dataSent()
            #expect(!policy.call { $0.pingReceived(now: start, activeStreams: 1) })
            #expect(!policy.call { $0.pingReceived(now: start, activeStreams: 1) })
            #expect(!policy.call { $0.pingReceived(now: start, activeStreams: 1) })
        }
    }

    @Test func counterStartsAnewWithEachWindow() {
        let counter = Box(GlitchCounter(limit: 2, window: .seconds(1)))
        #expect((0..<3).map { _ in counter.value.record(now: start) } == [false, false, true])
        #expect((0..<3).map { _ in counter.value.record(now: start + .seconds(1)) } == [false, false, true])
        counter.value.reset()
        #expect(!counter.call { $0.record(now: start + .seconds(1)) })
    }
}
