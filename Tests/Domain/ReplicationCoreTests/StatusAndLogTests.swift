import PeeringCore
import Testing

@testable import ReplicationCore

@Suite struct StatusAndLogTests {
    @Test func theStreamDecidesTheShownState() {
        var status = StreamStatus()
        #expect(status.shownState(stored: .pending) == "PENDING")
        #expect(status.shownState(stored: .establishing) == "ESTABLISHING")
        status.lastError = "lost"
        #expect(status.shownState(stored: .pending) == "FAILING")
        status.isConnected = true
        #expect(status.shownState(stored: .establishing) == "ACTIVE")
        #expect(status.shownState(stored: .deleting) == "DELETING")
        #expect(status.shownState(stored: .terminated) == "TERMINATED")
    }

    private func event(_ name: String) -> ReplicationEvent {
        ReplicationEvent(
            time: .zero, peer: "p", direction: .imported, what: .service, name: name, oldCount: 0, newCount: 1)
    }

    @Test func theLogNumbersAndForgets() {
        var log = ReplicationLog()
        #expect(log.events(from: 1, limit: 10).events.isEmpty)
        for number in 1...(ReplicationLog.capacity + 5) { log.append(event("\(number)")) }
        #expect(log.nextNumber == UInt64(ReplicationLog.capacity + 6))
        let (missed, events) = log.events(from: 1, limit: 3)
        #expect(missed == 5)
        #expect(events.map(\.number) == [6, 7, 8] && events.map(\.name) == ["6", "7", "8"])
        let last = log.events(from: log.nextNumber - 1, limit: 10)
        #expect(last.missed == 0 && last.events.map(\.name) == ["\(ReplicationLog.capacity + 5)"])
    }
}
