/// Writes protobuf from its end to its beginning, so that the length of every message is known when it is needed:
/// nothing is measured first, nothing is moved. Fields are written in falling order of their numbers, and come out
/// rising.
///
/// Empty and zero values take no room, as proto3 leaves them out.
struct BackwardWriter {
    private var bytes: [UInt8]
    /// Where what is written begins.
    private var start: Int

    /// - Parameter capacity: bytes to begin with; it grows.
    init(capacity: Int = 4_096) {
        bytes = [UInt8](repeating: 0, count: max(capacity, 16))
        start = bytes.count
    }

    /// What was written.
    var written: [UInt8] { Array(bytes[start...]) }

    mutating func string(_ field: Int, _ value: String) {
        if !value.isEmpty { element(field, value) }
    }

    /// All of a repeated field, empty ones too.
    mutating func strings(_ field: Int, _ values: [String]) {
        for value in values.reversed() { element(field, value) }
    }

    /// Sorted by the key, so that the same map gives the same bytes. Both parts are always there, as Go sends them.
    mutating func map(_ field: Int, _ values: [String: String]) {
        for (key, value) in values.sorted(by: { $0.key > $1.key }) {
            message(field) { entry in
                entry.element(2, value)
                entry.element(1, key)
            }
        }
    }

    mutating func number(_ field: Int, _ value: Int32) {
        guard value != 0 else { return }
        varint(UInt64(bitPattern: Int64(value)))
        varint(UInt64(field) << 3)
    }

    mutating func flag(_ field: Int, _ value: Bool) {
        if value { number(field, 1) }
    }

    /// A message, also if nothing is in it.
    ///
    /// - Parameter body: writes its fields in falling order.
    mutating func message<Failure: Error>(
        _ field: Int, _ body: (inout BackwardWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let end = count
        try body(&self)
        header(field, count: count - end)
    }

    /// A string, also if it is empty.
    mutating func element(_ field: Int, _ value: String) {
        let text = value.utf8
        let size = text.count
        reserve(size)
        start -= size
        let range = start..<start + size
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            // The range is inside the buffer: `reserve` made room before it.
            _ = unsafe UnsafeMutableBufferPointer(rebasing: buffer[range]).update(from: text)
        }
        header(field, count: size)
    }

    // MARK: Bytes

    private var count: Int { bytes.count - start }

    private mutating func header(_ field: Int, count: Int) {
        varint(UInt64(count))
        varint(UInt64(field) << 3 | 2)
    }

    private mutating func varint(_ value: UInt64) {
        reserve(10)
        let size = max(1, (64 - value.leadingZeroBitCount + 6) / 7)
        start -= size
        var rest = value
        for index in start..<start + size - 1 {
            bytes[index] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
        }
        bytes[start + size - 1] = UInt8(truncatingIfNeeded: rest)
    }

    private mutating func reserve(_ size: Int) {
        guard start < size else { return }
        let more = max(bytes.count, size)
        bytes.insert(contentsOf: repeatElement(0, count: more), at: 0)
        start += more
    }
}
