/// Standard base64 with padding (RFC 4648 section 4), as tokens are written.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for position in 0..<4 {
                let index = Int(bits >> UInt32(18 - 6 * position) & 63)
                text.append(position <= group.count ? alphabet[index] : padding)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: the bytes, or the position of the first byte that does not fit. Line breaks are skipped, as in
    ///   Go's decoder; any other foreign character, and missing padding, is refused.
    package static func decode(_ text: String) -> Result<[UInt8], BadInput> {
        let characters = Array(text.utf8).enumerated().filter {
            $0.element != UInt8(ascii: "\n") && $0.element != UInt8(ascii: "\r")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3)
        for start in stride(from: 0, to: characters.count, by: 4) {
            let group = characters[start..<min(start + 4, characters.count)]
            let isLast = start + 4 >= characters.count
            guard group.count == 4 else { return .failure(BadInput(offset: text.utf8.count)) }
            let pads = group.reversed().prefix { $0.element == padding }.count
            guard pads <= (isLast ? 2 : 0) else { return .failure(BadInput(offset: group[start + 4 - pads].offset)) }
            var bits: UInt32 = 0
            for (offset, character) in group {
                let value = character == padding ? 0 : values[Int(character)]
                guard value < 64 else { return .failure(BadInput(offset: offset)) }
                if character == padding, !group.suffix(pads).contains(where: { $0.offset == offset }) {
                    return .failure(BadInput(offset: offset))
                }
                bits = bits << 6 | UInt32(value)
            }
            for position in 0..<(3 - pads) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * position)))
            }
        }
        return .success(bytes)
    }

    /// Where base64 text goes wrong, in bytes from its start.
    package struct BadInput: Error, Hashable, Sendable {
        package var offset: Int
    }

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()
}
