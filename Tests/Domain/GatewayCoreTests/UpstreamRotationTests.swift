import Testing

@testable import GatewayCore

@Suite struct UpstreamRotationTests {
    @Test func addressesGoRound() {
        var rotation = UpstreamRotation(["a", "b", "c"])
        let orders = (0..<4).map { _ in rotation.order(now: .zero).joined() }
        #expect(orders == ["abc", "bca", "cab", "abc"])
    }

    @Test func whatFailedRestsLongerEachTime() {
        var rotation = UpstreamRotation(["a", "b"])
        rotation.failed("a", now: .zero)
        #expect(rotation.resting(now: .milliseconds(999)) == ["a"])
        #expect(rotation.order(now: .milliseconds(1)) == ["b", "a"])
        #expect(rotation.order(now: .milliseconds(1)) == ["b", "a"])
        #expect(rotation.resting(now: .seconds(1)).isEmpty)
        rotation.failed("a", now: .seconds(1))
        #expect(rotation.resting(now: .milliseconds(2_999)) == ["a"])
        #expect(rotation.resting(now: .seconds(3)).isEmpty)
        for _ in 0..<100 { rotation.failed("a", now: .seconds(3)) }
        #expect(rotation.resting(now: .milliseconds(32_999)) == ["a"])
        #expect(rotation.resting(now: .seconds(33)).isEmpty)
        rotation.connected(to: "a")
        rotation.failed("a", now: .seconds(40))
        #expect(rotation.resting(now: .seconds(41)).isEmpty)
    }

    @Test func whenAllRestAllAreTried() {
        var rotation = UpstreamRotation(["a", "b"])
        rotation.failed("a", now: .zero)
        rotation.failed("b", now: .zero)
        #expect(rotation.order(now: .zero) == ["a", "b"])
    }

    @Test func newAddressesKeepWhatIsKnownOfOldOnes() {
        var rotation = UpstreamRotation(["a", "b"])
        rotation.failed("b", now: .zero)
        rotation.failed("gone", now: .zero)
        rotation.replace(with: ["b", "c"])
        #expect(rotation.order(now: .zero) == ["c", "b"])
        rotation.replace(with: ["c"])
        rotation.replace(with: ["b"])
        #expect(rotation.resting(now: .zero).isEmpty)
        rotation.replace(with: [])
        #expect(rotation.order(now: .zero).isEmpty)
    }
}
