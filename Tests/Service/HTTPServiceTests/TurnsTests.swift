import Synchronization
import Testing

@testable import HTTPService

@Suite struct TurnsTests {
    private final class Order: Sendable {
        private let numbers = Mutex<[Int]>([])

        func append(_ number: Int) { numbers.withLock { $0.append(number) } }
        var all: [Int] { numbers.withLock { $0 } }
    }

    @Test func soManyWorkAndTheOthersFollowInTheirOrder() async {
        let turns = Turns(2)
        await turns.take()
        await turns.take()
        let order = Order()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    await turns.take()
                    order.append(number)
                    turns.give()
                }
                while turns.waiting <= number { await Task.yield() }
            }
            #expect(order.all.isEmpty)
            turns.give()
            await group.waitForAll()
        }
        #expect(order.all == [0, 1, 2, 3, 4])
        // All have given theirs back but one.
        await turns.take()
        #expect(turns.waiting == 0)
    }
}
