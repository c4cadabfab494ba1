package import NIOCore

/// Length-prefixed messages (gRPC: PROTOCOL-HTTP2): one flag byte, four of length, the message.
package enum GRPCFraming {
    package static let headerBytes = 5

    /// Frames messages into one buffer.
    ///
    /// - Throws: `GRPCStatus` RESOURCE_EXHAUSTED if one of them is larger than `maxMessageBytes`; none is framed then.
    package static func frame(_ messages: [ByteBuffer], maxMessageBytes: Int) throws(GRPCStatus) -> ByteBuffer {
        var total = 0
        for message in messages {
            let count = message.readableBytes
            guard count <= maxMessageBytes, count <= UInt32.max else {
                throw .sentTooLarge(count, max: maxMessageBytes)
            }
            total += count + headerBytes
        }
        var output = ByteBufferAllocator().buffer(capacity: total)
        for message in messages {
            output.writeMultipleIntegers(UInt8(0), UInt32(message.readableBytes))
            output.writeImmutableBuffer(message)
        }
        return output
    }
}

/// Complete messages, still framed, in one piece of memory. Splitting them is left to the task that reads them.
package struct GRPCFrames: Sendable, Equatable {
    private var buffer: ByteBuffer
    package private(set) var messageCount: Int

    init(_ buffer: ByteBuffer, messageCount: Int) {
        self.buffer = buffer
        self.messageCount = messageCount
    }

    /// Bytes on the wire, prefixes included: what flow control is owed.
    package var byteCount: Int { buffer.readableBytes }

    /// Takes the next message out.
    package mutating func next() -> ByteBuffer? {
        guard messageCount > 0, let (_, length) = buffer.readMultipleIntegers(as: (UInt8, UInt32).self) else {
            return nil
        }
        messageCount -= 1
        return buffer.readSlice(length: Int(length))
    }
}

/// Cuts the bytes of a stream into messages. A value; feed it what arrives, in any pieces.
package struct GRPCDeframer: Sendable {
    package struct Output: Sendable {
        /// Messages that are complete now.
        package var frames: GRPCFrames?
        /// Why the stream cannot go on; comes after `frames`.
        package var failure: GRPCStatus?
    }

    private let maxMessageBytes: Int
    private var buffer = ByteBuffer()
    /// Bytes from the buffer's start to the end of the first message, as far as known.
    private var wanted = GRPCFraming.headerBytes
    private var hasFailed = false

    package init(maxMessageBytes: Int) {
        self.maxMessageBytes = maxMessageBytes
    }

    /// Bytes of a message that is not complete.
    package var partialBytes: Int { buffer.readableBytes }

    package mutating func append(_ bytes: ByteBuffer) -> Output {
        guard !hasFailed else { return Output() }
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
        guard buffer.readableBytes >= wanted else { return Output() }
        var count = 0
        var end = 0
        let failure = scan(count: &count, end: &end)
        var output = Output(frames: nil, failure: failure)
        if count > 0, let complete = buffer.readSlice(length: end) {
            output.frames = GRPCFrames(complete, messageCount: count)
        }
        if failure != nil {
            hasFailed = true
            buffer = ByteBuffer()
        } else if count > 0 {
            // The rest gets memory of its own: appending to what the reader shares would copy all of it.
            let rest = buffer
            buffer = ByteBuffer()
            if rest.readableBytes > 0 { buffer.writeImmutableBuffer(rest) }
        }
        return output
    }

    /// Finds the end of the last complete message, and how much the one after it wants.
    private mutating func scan(count: inout Int, end: inout Int) -> GRPCStatus? {
        let start = buffer.readerIndex
        let readable = buffer.readableBytes
        while true {
            wanted = GRPCFraming.headerBytes
            guard readable - end >= GRPCFraming.headerBytes,
                let flag = buffer.getInteger(at: start + end, as: UInt8.self),
                let length = buffer.getInteger(at: start + end + 1, as: UInt32.self)
            else { return nil }
            guard flag == 0 else {
                return flag == 1
                    ? GRPCStatus(.internal, "grpc: compressed flag set with identity or empty encoding")
                    : GRPCStatus(.internal, "grpc: received unexpected payload format \(flag)")
            }
            guard length <= maxMessageBytes else { return .receivedTooLarge(Int(length), max: maxMessageBytes) }
            wanted = GRPCFraming.headerBytes + Int(length)
            guard readable - end >= wanted else { return nil }
            end += wanted
            count += 1
        }
    }

    /// The stream ended. - Returns: a status if it ended inside a message.
    package func endReceived() -> GRPCStatus? {
        partialBytes == 0 ? nil : GRPCStatus(.internal, "the stream ended inside a message")
    }
}
