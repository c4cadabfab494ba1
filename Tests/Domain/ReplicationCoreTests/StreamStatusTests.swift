import PeeringCore
import Testing

@testable import ReplicationCore

@Suite struct StreamStatusTests {
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
}
