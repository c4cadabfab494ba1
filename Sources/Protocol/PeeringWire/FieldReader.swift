/// Reads protobuf fields from a part of a buffer, without allocating and without copying.
///
/// It knows only what senders make: numbers that rise, varints and length-delimited fields. At anything else it
/// says so, and the caller reads the whole message with the generated types, which know everything. So nothing here
/// decides that a message is wrong.
struct FieldReader {
    /// One field. Strings, bytes and messages are a range; everything else is a value.
    struct Field {
        var number: Int
        var content: Content
    }

    enum Content {
        case varint(UInt64)
        case range(Range<Int>)
    }

    /// Something that the fast way does not handle.
    struct Unusual: Error {}

    private(set) var offset: Int
    private let end: Int

    init(_ range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset >= end }

    mutating func next(in bytes: Span<UInt8>) throws(Unusual) -> Field? {
        guard offset < end else { return nil }
        let tag = try varint(in: bytes)
        guard tag >> 3 > 0, tag >> 3 < 64 else { throw Unusual() }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0:
            return Field(number: number, content: .varint(try varint(in: bytes)))
        case 2:
            let count = try varint(in: bytes)
            guard count <= UInt64(end - offset) else { throw Unusual() }
            let range = offset..<offset + Int(count)
            offset = range.upperBound
            return Field(number: number, content: .range(range))
        default:
            throw Unusual()
        }
    }

    private mutating func varint(in bytes: Span<UInt8>) throws(Unusual) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end, shift < 63 {
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Unusual()
    }
}

extension FieldReader.Field {
    func range() throws(FieldReader.Unusual) -> Range<Int> {
        guard case .range(let range) = content else { throw FieldReader.Unusual() }
        return range
    }

    func string(in bytes: Span<UInt8>) throws(FieldReader.Unusual) -> String {
        let range = try range()
        do {
            return String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw FieldReader.Unusual()
        }
    }
}
