/// Instances are told apart by their node's name and their own ID (protocol section 4.9).
enum InstanceIdentity {
    /// Throws if two instances of an `ExportedService` may be the same one: decoding decides then.
    static func requireDistinct(_ bytes: Span<UInt8>) throws(FieldReader.Unusual) {
        var reader = FieldReader(0..<bytes.count)
        // Most services have few instances: two are told apart without a set.
        var first: Int?
        var seen: Set<Int> = []
        while let instance = try reader.next(in: bytes) {
            var fields = FieldReader(try instance.range())
            var hasher = Hasher()
            // The node is field 1 and the service field 2; the name and the ID are field 2 of each.
            for number in 1...2 {
                guard let part = try fields.next(in: bytes), part.number == number else { throw FieldReader.Unusual() }
                try combine(field: 2, of: try part.range(), bytes, into: &hasher)
            }
            let identity = hasher.finalize()
            guard let known = first else {
                first = identity
                continue
            }
            let isLast = reader.isAtEnd
            guard identity != known, !seen.contains(identity) else { throw FieldReader.Unusual() }
            if !isLast { seen.insert(identity) }
        }
    }

    private static func combine(
        field number: Int, of message: Range<Int>, _ bytes: Span<UInt8>, into hasher: inout Hasher
    ) throws(FieldReader.Unusual) {
        var fields = FieldReader(message)
        while let field = try fields.next(in: bytes) {
            guard field.number == number else { continue }
            let range = try field.range()
            unsafe bytes.extracting(range).withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
            return hasher.combine(range.count)
        }
        throw FieldReader.Unusual()
    }
}
