import Synchronization
import Testing

@testable import hawser

@Suite("The line of the start")
struct StartAnnouncementTests {
    private final class Announced: Sendable {
        let lists = Mutex<[[String]]>([])

        func note(_ addresses: [String]) { lists.withLock { $0.append(addresses) } }
    }

    @Test func comesWithTheLastListener() {
        let announced = Announced()
        let start = StartAnnouncement(expecting: 2) { announced.note($0) }
        start.listening(on: "b:1")
        #expect(announced.lists.withLock { $0 } == [])
        start.listening(on: "a:2")
        #expect(announced.lists.withLock { $0 } == [["a:2", "b:1"]])
    }

    @Test func comesAtOnceIfNothingListens() {
        let announced = Announced()
        _ = StartAnnouncement(expecting: 0) { announced.note($0) }
        #expect(announced.lists.withLock { $0 } == [[]])
    }
}
