import NIOCore
import Testing

@testable import HealthService

@Suite struct GRPCHealthTests {
    @Test func theRequestNamesItsService() {
        #expect(GRPCHealth.request(service: "").readableBytes == 0)
        #expect(Array(GRPCHealth.request(service: "ab").readableBytesView) == [0x0A, 2, 0x61, 0x62])
        let long = GRPCHealth.request(service: String(repeating: "x", count: 300)).readableBytesView
        #expect(Array(long.prefix(3)) == [0x0A, 0xAC, 0x02] && long.count == 303)
    }

    @Test(arguments: [([0x08, 1], true), ([0x08, 2], false), ([], false), ([0x08, 3], false)] as [([UInt8], Bool)])
    func onlyServingIsServing(bytes: [UInt8], isServing: Bool) {
        #expect(GRPCHealth.isServing(ByteBuffer(bytes: bytes)) == isServing)
    }

    @Test func theEndOfALongOutputIsKept() {
        var tail = OutputTail(limit: 4)
        for piece in ["ab", "cde", "f", "ghijklmnop"] { tail.append(ByteBuffer(string: piece)) }
        #expect(tail.text == "mnop")
    }
}
