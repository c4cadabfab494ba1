import Testing

@testable import GatewayRelay

@Suite struct TimerWheelTests {
    private func fired(_ wheel: inout TimerWheel, at now: UInt64) -> Set<Int> {
        var indices: Set<Int> = []
        while let index = wheel.expire(now: now) {
            #expect(indices.insert(index).inserted)
        }
        return indices
    }

    @Test func nothingIsDueWithoutADeadline() {
        var wheel = TimerWheel(now: 1_000)
        #expect(wheel.delay(now: 1_000) == nil)
        #expect(fired(&wheel, at: 1_000_000).isEmpty)
    }

    @Test(arguments: [1, 7, 8, 50, 1_000, 5_000, 30_000, 100_000, 3_600_000] as [UInt64])
    func firesOnceNotEarlyAndAtMostASixteenthLate(delay: UInt64) throws {
        var wheel = TimerWheel(now: 12_345)
        var now: UInt64 = 12_345
        wheel.set(3, after: delay, now: now)
        var rounds = 0
        while rounds < 1_000 {
            rounds += 1
            now += try #require(wheel.delay(now: now))
            if fired(&wheel, at: now) == [3] { break }
        }
        #expect(now >= 12_345 + delay)
        #expect(now <= 12_345 + delay + max(delay / 16, TimerWheel.tick) + 2 * TimerWheel.tick)
        #expect(wheel.delay(now: now) == nil)
        #expect(rounds <= 1 + Int(delay / 20_000))
    }

    @Test func aLaterDeadlineReplacesAnEarlierOne() {
        var wheel = TimerWheel(now: 0)
        wheel.set(0, after: 100, now: 0)
        wheel.set(0, after: 1_000, now: 50)
        #expect(fired(&wheel, at: 900).isEmpty)
        #expect(fired(&wheel, at: 2_000) == [0])
        #expect(fired(&wheel, at: 4_000).isEmpty)
    }

    @Test func aCancelledDeadlineDoesNotFire() {
        var wheel = TimerWheel(now: 0)
        for index in 0..<5 { wheel.set(index, after: 100, now: 0) }
        // The head, the middle and the tail of one slot.
        for index in [4, 2, 0] { wheel.cancel(index) }
        wheel.cancel(2)
        wheel.cancel(77)
        #expect(fired(&wheel, at: 500) == [1, 3])
        #expect(wheel.delay(now: 500) == nil)
    }

    @Test func manyLongDeadlinesWakeSeldom() {
        var wheel = TimerWheel(now: 0)
        for index in 0..<10_000 { wheel.set(index, after: 3_600_000, now: UInt64(index)) }
        var now: UInt64 = 10_000
        var wakes = 0
        var seen = 0
        while let delay = wheel.delay(now: now) {
            now += delay
            wakes += 1
            seen += fired(&wheel, at: now).count
        }
        #expect(seen == 10_000)
        #expect(wakes < 1_000)
    }

    @Test func agreesWithAListOfDeadlines() {
        var seed: UInt64 = 7
        func random(_ below: UInt64) -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (seed >> 33) % below
        }
        var wheel = TimerWheel(now: 0)
        var deadlines: [Int: (exact: UInt64, last: UInt64)] = [:]
        var now: UInt64 = 0
        for _ in 0..<20_000 {
            let index = Int(random(200))
            switch random(4) {
            case 0:
                wheel.cancel(index)
                deadlines[index] = nil
            case 1, 2:
                let delay = 1 + random(random(10) == 0 ? 200_000 : 2_000)
                wheel.set(index, after: delay, now: now)
                deadlines[index] = (now + delay, now + delay + delay / 16 + 3 * TimerWheel.tick)
            default:
                now += random(500)
                for index in fired(&wheel, at: now) {
                    let deadline = deadlines.removeValue(forKey: index)
                    #expect(deadline.map { $0.exact <= now } == true)
                }
                #expect(!deadlines.values.contains { $0.last < now })
            }
        }
    }
}
