import Testing

@testable import GatewayRelay

@Suite struct FlowTests {
    private func ready() -> Flow {
        var flow = Flow()
        flow.sourceBecameReadable()
        flow.sinkBecameWritable()
        return flow
    }

    @Test func restsUntilBothSidesAreReady() {
        var flow = Flow()
        #expect(flow.next == .rest)
        flow.sourceBecameReadable()
        #expect(flow.next == .rest)
        flow.sinkBecameWritable()
        #expect(flow.next == .fill)
    }

    @Test func deliversWhatItReadBeforeItReadsMore() {
        var flow = ready()
        flow.filled(1_000, exhausted: false)
        #expect(flow.next == .drain)
        flow.drained(400)
        #expect(flow.held == 600)
        #expect(flow.next == .drain)
        flow.drained(600)
        #expect(flow.delivered == 1_000)
        #expect(flow.next == .fill)
    }

    @Test func aSlowSinkHoldsBackTheSource() {
        var flow = ready()
        flow.filled(1_000, exhausted: false)
        flow.sinkBlocked()
        #expect(flow.next == .rest)
        flow.sourceBecameReadable()
        #expect(flow.next == .rest)
        flow.sinkBecameWritable()
        #expect(flow.next == .drain)
    }

    @Test func restsWhenTheSourceHasNoMore() {
        var flow = ready()
        flow.filled(10, exhausted: true)
        flow.drained(10)
        #expect(flow.next == .rest)
        flow.sourceBecameReadable()
        #expect(flow.next == .fill)
        flow.sourceBlocked()
        #expect(flow.next == .rest)
    }

    @Test func anAnnouncedEndIsReadForEvenBehindAShortRead() {
        var flow = ready()
        flow.sourceIsEnding()
        flow.filled(10, exhausted: true)
        flow.drained(10)
        #expect(flow.next == .fill)
        flow.sourceEnded()
        #expect(flow.next == .shutDown)
    }

    @Test func deliversWhatItHoldsBeforeTheEnd() {
        var flow = ready()
        flow.filled(10, exhausted: false)
        flow.sourceEnded()
        #expect(flow.next == .drain)
        flow.sinkBlocked()
        #expect(flow.next == .rest)
        flow.sinkBecameWritable()
        flow.drained(10)
        #expect(flow.next == .shutDown)
        #expect(!flow.isOver)
        flow.shutDownSent()
        #expect(flow.next == .rest)
        #expect(flow.isOver)
        #expect(flow.stage == .finished)
    }

    @Test func theEndNeedsNoRoomInTheSink() {
        var flow = Flow()
        flow.sourceIsEnding()
        flow.sourceEnded()
        #expect(flow.next == .shutDown)
    }

    @Test(arguments: [0, 10])
    func aFailedSinkEndsItAndLosesWhatItHeld(held: Int) {
        var flow = ready()
        if held > 0 { flow.filled(held, exhausted: false) }
        flow.sinkFailed()
        #expect(flow.next == .rest)
        #expect(flow.held == 0)
        #expect(flow.isOver)
        flow.sourceBecameReadable()
        flow.sinkBecameWritable()
        flow.sourceEnded()
        #expect(flow.next == .rest)
        #expect(flow.stage == .broken)
    }

    @Test func manyBytesAtOnceAreBulkUntilTheyAreFewAgain() {
        var flow = ready()
        #expect(flow.pace == .small)
        flow.filled(32_768, exhausted: false)
        #expect(flow.pace == .bulk)
        flow.drained(32_768)
        flow.filled(Flow.bulkBytes, exhausted: false)
        flow.drained(Flow.bulkBytes)
        flow.sourceBlocked()
        #expect(flow.pace == .bulk)

        flow.sourceBecameReadable()
        flow.filled(100, exhausted: false)
        flow.drained(100)
        flow.sourceBlocked()
        #expect(flow.pace == .small)
    }

    @Test func shortReadsStaySmall() {
        var flow = ready()
        for _ in 0..<10 {
            flow.filled(1_000, exhausted: true)
            flow.drained(1_000)
            flow.sourceBecameReadable()
        }
        #expect(flow.pace == .small)
    }

    /// Whatever happens in whatever order: bytes are neither lost nor made, and there is an end.
    @Test func anyScheduleDeliversEverythingInTheEnd() {
        var seed: UInt64 = 42
        func random(_ below: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % below
        }
        for _ in 0..<500 {
            var flow = Flow()
            var left = random(200_000)
            let total = left
            var rounds = 0
            while !flow.isOver, rounds < 100_000 {
                rounds += 1
                switch flow.next {
                case .rest:
                    flow.sinkBecameWritable()
                    if left == 0 { flow.sourceIsEnding() } else { flow.sourceBecameReadable() }
                case .fill:
                    let count = min(left, 1 + random(50_000))
                    left -= count
                    if count == 0 {
                        flow.sourceEnded()
                    } else if random(4) == 0 {
                        flow.sourceBlocked()
                        left += count
                    } else {
                        flow.filled(count, exhausted: random(2) == 0)
                    }
                case .drain:
                    if random(3) == 0 { flow.sinkBlocked() } else { flow.drained(1 + random(flow.held)) }
                case .shutDown: flow.shutDownSent()
                }
            }
            #expect(flow.stage == .finished)
            #expect(flow.delivered == UInt64(total))
        }
    }
}
