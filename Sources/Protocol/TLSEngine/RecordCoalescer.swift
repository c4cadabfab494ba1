import NIOCore

/// Cuts the plaintext of one flush into runs for OpenSSL, so that records are full and copies few.
///
/// Long buffers are passed where they are; short ones are gathered into one record's worth of memory first.
struct RecordCoalescer {
    /// Longest plaintext of a record (RFC 8446 section 5.1).
    static let recordBytes = 16 * 1024
    /// Header, nonce, tag and content type of one record in the ciphers in use: at most 5 + 8 + 16, or 5 + 16 + 1.
    private static let recordOverhead = 32

    private var gathered = ByteBuffer()

    /// Room for `count` bytes of plaintext once encrypted.
    static func ciphertextBytes(for count: Int) -> Int {
        count + (count / Self.recordBytes + 2) * Self.recordOverhead
    }

    /// Calls `body` with memory to be encrypted, in order; never with an empty run.
    mutating func forEachRun(of messages: ArraySlice<ByteBuffer>, _ body: (UnsafeRawBufferPointer) -> Void) {
        let last = messages.endIndex - 1
        for (index, message) in zip(messages.indices, messages) {
            var message = message
            unsafe self.completeRecord(from: &message, body)
            if self.gathered.readableBytes > 0 { continue }
            // Nothing is gathered: whole records, and all of the last buffer, need no copy.
            let whole = message.readableBytes - message.readableBytes % Self.recordBytes
            let direct = index == last ? message.readableBytes : whole
            if direct > 0 {
                unsafe message.readWithUnsafeReadableBytes { bytes in
                    unsafe body(UnsafeRawBufferPointer(rebasing: bytes.prefix(direct)))
                    return direct
                }
            }
            self.gather(&message)
        }
        unsafe self.emit(body)
    }

    /// Fills up a record that is already begun, and emits it when full.
    private mutating func completeRecord(from message: inout ByteBuffer, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard self.gathered.readableBytes > 0 else { return }
        let missing = Self.recordBytes - self.gathered.readableBytes
        if var part = message.readSlice(length: min(missing, message.readableBytes)) {
            self.gathered.writeBuffer(&part)
        }
        if self.gathered.readableBytes == Self.recordBytes { unsafe self.emit(body) }
    }

    private mutating func gather(_ message: inout ByteBuffer) {
        guard message.readableBytes > 0 else { return }
        self.gathered.reserveCapacity(Self.recordBytes)
        self.gathered.writeBuffer(&message)
    }

    private mutating func emit(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard self.gathered.readableBytes > 0 else { return }
        unsafe self.gathered.withUnsafeReadableBytes { bytes in unsafe body(bytes) }
        self.gathered.clear()
    }
}
