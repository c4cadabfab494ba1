import Testing

@testable import PeeringService

@Suite struct WaitingTests {
    @Test func aSignalBeforeTheWaitCountsUntilItIsForgotten() async {
        let wakeup = Wakeup()
        wakeup.signal()
        await wakeup.wait()
        await wakeup.wait(atMost: .seconds(3_600))
        wakeup.reset()
        let waiter = Task { await wakeup.wait() }
        wakeup.signal()
        await waiter.value
    }

    @Test func theTimeEndsAWait() async {
        await Wakeup().wait(atMost: .nanoseconds(1))
    }

    @Test func cancellingEndsAWait() async {
        let wakeup = Wakeup()
        let waiter = Task { await wakeup.wait(atMost: .seconds(3_600)) }
        waiter.cancel()
        await waiter.value
    }

    @Test func whatHappenedOnceStaysSo() async {
        let done = Completion()
        let waiters = (0..<3).map { _ in Task { await done.wait() } }
        done.complete()
        done.complete()
        for waiter in waiters { await waiter.value }
        await done.wait()
    }
}
