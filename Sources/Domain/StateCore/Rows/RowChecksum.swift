/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which tells every changed bit and every burst of up to 32: eight bytes
/// at a time by tables.
enum RowChecksum {
    /// Of both as if they stood behind each other.
    static func of(_ key: String, _ body: ArraySlice<UInt8>) -> UInt32 {
        var checksum = UInt32.max
        var key = key
        key.withUTF8 { unsafe update(&checksum, UnsafeRawBufferPointer($0)) }
        unsafe body.withUnsafeBytes { unsafe update(&checksum, $0) }
        return ~checksum
    }

    private static func update(_ checksum: inout UInt32, _ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        unsafe tables.withUnsafeBufferPointer { tables in
            while offset + 8 <= bytes.count {
                let low = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                let high = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
                let mixed = checksum ^ low
                unsafe checksum =
                    tables[1792 + Int(mixed & 0xFF)] ^ tables[1536 + Int(mixed >> 8 & 0xFF)]
                    ^ tables[1280 + Int(mixed >> 16 & 0xFF)] ^ tables[1024 + Int(mixed >> 24)]
                    ^ tables[768 + Int(high & 0xFF)] ^ tables[512 + Int(high >> 8 & 0xFF)]
                    ^ tables[256 + Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
                offset += 8
            }
            while offset < bytes.count {
                unsafe checksum = checksum >> 8 ^ tables[Int((checksum ^ UInt32(bytes[offset])) & 0xFF)]
                offset += 1
            }
        }
    }

    /// Eight tables of 256: the n-th advances a byte over n further ones.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
        }
        return tables
    }()
}
