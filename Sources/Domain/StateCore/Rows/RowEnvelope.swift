/// What stands around the body of a stored row: the version of its encoding and a checksum over key and body, so that
/// neither a flipped bit nor a row in another's place is taken for what it is not.
///
///     0xA7  version  CRC-32C of key and body, four bytes, the highest first  body
package enum RowEnvelope {
    /// Begins no JSON text, which is what rows were before they had checksums.
    private static let mark: UInt8 = 0xA7
    private static let headBytes = 6

    package static func seal(_ body: [UInt8], version: UInt8, key: String) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(headBytes + body.count)
        value.append(mark)
        value.append(version)
        value.append(bigEndian: checksum(version, key, body[...]))
        value += body
        return value
    }

    /// - Returns: `nil` if the value is not what was stored under the key.
    static func open(_ value: [UInt8], key: String) -> (version: UInt8, body: ArraySlice<UInt8>)? {
        guard value.count >= headBytes, value[0] == mark else { return nil }
        let stored = value[2..<headBytes].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        let body = value[headBytes...]
        guard checksum(value[1], key, body) == stored else { return nil }
        return (value[1], body)
    }

    private static func checksum(_ version: UInt8, _ key: String, _ body: ArraySlice<UInt8>) -> UInt32 {
        RowChecksum.of(key, body) ^ UInt32(version) << 24
    }
}

extension [UInt8] {
    mutating func append(bigEndian number: some FixedWidthInteger) {
        for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// The length in four bytes, and the text.
    mutating func append(counted text: String) {
        append(bigEndian: UInt32(clamping: text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

/// Takes numbers and texts from the front of a row's body.
struct RowReader {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) -> Number? {
        let size = Number.bitWidth / 8
        guard rest.count >= size else { return nil }
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size).reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func text() -> String? {
        guard let count = number(UInt32.self), rest.count >= Int(count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return String(validating: rest.prefix(Int(count)), as: UTF8.self)
    }
}
