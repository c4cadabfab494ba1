/// Text that must not be seen: it prints as `hidden` wherever a value may be printed, and takes an explicit word to read.
package struct SecretText: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var isEmpty: Bool { text.isEmpty }

    /// Whether both are the same, in a time that does not tell where they differ. An empty secret matches nothing.
    package func matches(_ other: SecretText) -> Bool {
        !isEmpty && ConstantTime.areEqual(Array(text.utf8), Array(other.text.utf8))
    }

    /// The text itself. Every call is a place to look at in a review.
    package func reveal() -> String { text }

    package var description: String { "hidden" }
    package var debugDescription: String { "hidden" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The SHA-256 of a secret that we only have to recognise. Comparing two takes the same time whatever they hold.
package struct SecretDigest: Hashable, Sendable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static func == (left: SecretDigest, right: SecretDigest) -> Bool {
        ConstantTime.areEqual(left.bytes, right.bytes)
    }

    /// Lower-case hex, as it is stored.
    package var hex: String { Hex.encode(bytes) }

    /// Reads what `hex` gave.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }
}

/// Comparisons whose time tells nothing but the lengths.
private enum ConstantTime {
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices {
            difference |= left[index] ^ right[index]
        }
        return difference == 0
    }
}
