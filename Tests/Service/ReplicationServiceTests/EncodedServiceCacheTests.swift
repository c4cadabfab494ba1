import Testing

@testable import ReplicationService

@Suite struct EncodedServiceCacheTests {
    private func content(_ size: Int) -> EncodedContent {
        EncodedContent(bytes: [UInt8](repeating: 1, count: size), count: 1)
    }

    @Test func onlyTheSameVersionIsFound() {
        var cache = EncodedServiceCache()
        cache.keep(content(3), of: "web", version: 7)
        #expect(cache.content(of: "web", version: 7)?.bytes == [1, 1, 1])
        #expect(cache.content(of: "web", version: 8) == nil)
        cache.keep(content(4), of: "web", version: 8)
        #expect(cache.content(of: "web", version: 7) == nil)
        #expect(cache.content(of: "web", version: 8)?.bytes.count == 4)
    }

    @Test func whatDoesNotFitMakesRoomByDroppingTheRest() {
        var cache = EncodedServiceCache()
        let quarter = EncodedServiceCache.maxBytes / 4
        for number in 0..<4 { cache.keep(content(quarter), of: "s\(number)", version: 1) }
        #expect(cache.content(of: "s0", version: 1) != nil)
        cache.keep(content(1), of: "s4", version: 1)
        #expect(cache.content(of: "s0", version: 1) == nil)
        #expect(cache.content(of: "s4", version: 1) != nil)
        cache.keep(content(quarter + 1), of: "huge", version: 1)
        #expect(cache.content(of: "huge", version: 1) == nil)
    }

    @Test func replacingCountsOnce() {
        var cache = EncodedServiceCache()
        let size = EncodedServiceCache.maxBytes / 4
        for version in 1...20 { cache.keep(content(size), of: "web", version: UInt64(version)) }
        cache.keep(content(size), of: "api", version: 1)
        #expect(cache.content(of: "web", version: 20) != nil)
        #expect(cache.content(of: "api", version: 1) != nil)
    }
}
