import NIOCore

/// Sizes of protobuf fields; empty and zero values take no room, as proto3 leaves them out.
enum FieldSize {
    static func varint(_ value: UInt64) -> Int {
        max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }

    /// Tags here are numbers below 16, so one byte.
    static func message(_ count: Int) -> Int {
        1 + varint(UInt64(count)) + count
    }

    static func string(_ value: String) -> Int {
        let count = value.utf8.count
        return count == 0 ? 0 : message(count)
    }

    static func bytes(_ value: [UInt8]) -> Int {
        value.isEmpty ? 0 : message(value.count)
    }

    /// An `int32` or an enum: negative numbers take ten bytes.
    static func number(_ value: Int32) -> Int {
        value == 0 ? 0 : 1 + varint(UInt64(bitPattern: Int64(value)))
    }
}

/// Writers of protobuf fields with numbers below 16.
extension ByteBuffer {
    mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    /// Starts a field whose bytes follow.
    mutating func writeHeader(of field: UInt8, count: Int) {
        writeInteger(field << 3 | 2)
        writeVarint(UInt64(count))
    }

    mutating func writeField(_ field: UInt8, _ value: String) {
        let count = value.utf8.count
        guard count > 0 else { return }
        writeHeader(of: field, count: count)
        writeString(value)
    }

    mutating func writeField(_ field: UInt8, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        writeHeader(of: field, count: value.count)
        writeBytes(value)
    }

    mutating func writeField(_ field: UInt8, _ value: Int32) {
        guard value != 0 else { return }
        writeInteger(field << 3)
        writeVarint(UInt64(bitPattern: Int64(value)))
    }
}
