import GRPCWire
import NIOCore
import Testing

@Suite struct GRPCFramingTests {
    private static let sizes = [0, 1, 4, 5, 6, 800, 70_000, 3]

    private func messages() -> [ByteBuffer] {
        Self.sizes.map { ByteBuffer(repeating: UInt8(truncatingIfNeeded: $0), count: $0) }
    }

    @Test(arguments: [1, 2, 3, 5, 6, 7, 100, 16_384, Int.max])
    func messagesSurviveAnySplit(piece: Int) throws {
        var bytes = try GRPCFraming.frame(messages(), maxMessageBytes: 100_000)
        var deframer = GRPCDeframer(maxMessageBytes: 100_000)
        var received: [ByteBuffer] = []
        var framed = 0
        let total = bytes.readableBytes
        while bytes.readableBytes > 0 {
            let output = deframer.append(bytes.readSlice(length: min(piece, bytes.readableBytes))!)
            #expect(output.failure == nil)
            guard var frames = output.frames else { continue }
            framed += frames.byteCount
            while let message = frames.next() { received.append(message) }
        }
        #expect(received == messages())
        #expect(framed == total)
        #expect(deframer.partialBytes == 0)
        #expect(deframer.endReceived() == nil)
    }

    @Test func everySplitInTwoWorks() throws {
        let small = [ByteBuffer(string: "ab"), ByteBuffer(), ByteBuffer(string: "c")]
        let bytes = try GRPCFraming.frame(small, maxMessageBytes: 10)
        for cut in 0...bytes.readableBytes {
            var deframer = GRPCDeframer(maxMessageBytes: 10)
            var rest = bytes
            let first = rest.readSlice(length: cut)!
            var received: [ByteBuffer] = []
            for part in [first, rest] {
                guard var frames = deframer.append(part).frames else { continue }
                while let message = frames.next() { received.append(message) }
            }
            #expect(received == small)
        }
    }

    @Test func framesAreOneBufferWithPrefixes() throws {
        let bytes = try GRPCFraming.frame([ByteBuffer(string: "hi"), ByteBuffer()], maxMessageBytes: 2)
        #expect(Array(bytes.readableBytesView) == [0, 0, 0, 0, 2, 0x68, 0x69, 0, 0, 0, 0, 0])
    }

    @Test func endInsideAMessageIsAFailure() {
        var deframer = GRPCDeframer(maxMessageBytes: 10)
        _ = deframer.append(ByteBuffer(bytes: [0, 0, 0, 0, 3, 1]))
        #expect(deframer.partialBytes == 6)
        #expect(deframer.endReceived()?.code == .internal)
    }

    @Test func oversizeIsKnownFromThePrefix() {
        var deframer = GRPCDeframer(maxMessageBytes: 10)
        let output = deframer.append(ByteBuffer(bytes: [0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 11]))
        #expect(output.frames?.messageCount == 1)
        #expect(
            output.failure
                == GRPCStatus(.resourceExhausted, "grpc: received message larger than max (11 vs. 10)"))
        let after = deframer.append(ByteBuffer(bytes: [0, 0, 0, 0, 0]))
        #expect(after.frames == nil && after.failure == nil)
    }

    @Test(arguments: [1, 2, 255] as [UInt8])
    func compressionWasNotAgreed(flag: UInt8) {
        var deframer = GRPCDeframer(maxMessageBytes: 10)
        #expect(deframer.append(ByteBuffer(bytes: [flag, 0, 0, 0, 0])).failure?.code == .internal)
    }

    @Test func oversizeIsNotSent() {
        #expect(
            throws: GRPCStatus(.resourceExhausted, "trying to send message larger than max (3 vs. 2)")
        ) {
            try GRPCFraming.frame([ByteBuffer(string: "ok"), ByteBuffer(string: "abc")], maxMessageBytes: 2)
        }
    }
}
