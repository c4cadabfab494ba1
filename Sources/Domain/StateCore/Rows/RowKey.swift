import DocumentCore
import Foundation
import IdentityCore

/// The key of a stored row: its table, and the names that tell it from the table's other rows.
///
/// Names come from clients and peers. Each part is normalised to NFC, as Swift compares strings, so that what is one
/// row in memory is one row in storage; and escaped, so that no name can end a part, cut the key or stand for another
/// row. Names with control characters are escaped too, but ``check()`` refuses to store them.
package struct RowKey: Hashable, Sendable {
    /// `table/part/part`, in ASCII but for letters beyond it.
    package let text: String
    private let hasControlCharacter: Bool

    init(_ table: String, _ parts: String...) {
        self.init(table, parts)
    }

    init(_ table: String, _ parts: [String]) {
        var text = table
        var hasControlCharacter = false
        for part in parts {
            text += "/"
            Self.append(part, to: &text, &hasControlCharacter)
        }
        self.text = text
        self.hasControlCharacter = hasControlCharacter
    }

    /// What cannot be stored is the fault of its sender, and no reason to refuse what others send at the same time.
    ///
    /// - Throws: `invalid`.
    func check() throws(Refusal) {
        guard !hasControlCharacter else {
            throw Refusal(.invalid, "a name holds a control character: remove it (\(Self.printable(text)))")
        }
        guard text.utf8.count <= StorageWrite.maxKeyBytes else {
            throw Refusal(
                .invalid,
                "a name is too long to be stored: it may take about \(StorageWrite.maxKeyBytes) bytes, and takes "
                    + "\(text.utf8.count)")
        }
    }

    // MARK: Reading keys

    /// The table of a key as it is stored.
    static func table(of text: String) -> Substring { text.prefix { $0 != "/" } }

    /// The parts behind the table.
    static func parts(of text: String) -> [String] {
        text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(unescaped)
    }

    private static func unescaped(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Escaping

    private static func append(_ part: String, to text: inout String, _ hasControlCharacter: inout Bool) {
        if part.utf8.allSatisfy(isPlain) {
            text += part
            return
        }
        for scalar in part.precomposedStringWithCanonicalMapping.unicodeScalars {
            let isControl = NameRule.isControl(scalar)
            if isControl { hasControlCharacter = true }
            if isControl || scalar == "/" || scalar == "%" {
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { text += escape(byte) }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    /// Stands for itself, whatever is beside it.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "%")
    }

    private static func escape(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
    }

    /// Long names are cut for a sentence.
    private static func printable(_ text: String) -> String { String(text.prefix(200)) }
}
