import Testing

@testable import ReplicationService

@Suite struct QueueTests {
    @Test func aPulseRemembersOneSignal() async {
        let pulse = Pulse()
        pulse.signal()
        pulse.signal()
        await pulse.wait()
        let waiter = Task { await pulse.wait() }
        pulse.signal()
        await waiter.value
    }

    @Test func cancellingWakesWhoWaits() async {
        let pulse = Pulse()
        let waiter = Task { await pulse.wait() }
        waiter.cancel()
        await waiter.value
    }

    @Test func aFullQueueHoldsUpWhoPutsIn() async {
        let queue = BoundedQueue<Int>(capacity: 10)
        await queue.push(1, weight: 4)
        await queue.push(2, weight: 8)
        let pusher = Task { await queue.push(3, weight: 1) }
        // It cannot go on before the first two are taken, so they come alone.
        #expect(await queue.popAll() == [1, 2])
        await pusher.value
        queue.finish()
        #expect(await queue.popAll() == [3])
        #expect(await queue.popAll() == nil)
    }

    @Test func anEmptyQueueEndsWithItsReader() async {
        let queue = BoundedQueue<Int>(capacity: 10)
        let reader = Task { await queue.popAll() }
        reader.cancel()
        #expect(await reader.value == nil)
    }
}
