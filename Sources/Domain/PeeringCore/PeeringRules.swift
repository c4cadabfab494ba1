import DocumentCore
package import IdentityCore

/// Rules for the words that operators give (protocol section 1.3).
package enum PeeringRules {
    package static let maxNameBytes = 63
    package static let maxMetaPairs = 64
    package static let maxMetaKeyBytes = 128
    package static let maxMetaValueBytes = 512
    /// A year: who needs a token for longer makes one that does not expire.
    package static let maxTokenLifetime = Duration.seconds(365 * 86_400)
    /// Redemptions of one dialer whose answers were lost; more is no accident.
    package static let maxTokenUses = 16
    package static let maxTokenNoteBytes = 256

    /// Lower-case letters, digits and inner hyphens, at most 63.
    package static func validateName(_ name: String) throws(Refusal) {
        let bytes = Array(name.utf8)
        let isGood =
            (1...maxNameBytes).contains(bytes.count)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            && bytes.first != UInt8(ascii: "-") && bytes.last != UInt8(ascii: "-")
        guard isGood else {
            throw Refusal(
                .invalid,
                "\(shown(name)) is not a valid peer name: a valid peering name must consist of lower case alphanumeric "
                    + "characters or '-', and must start and end with an alphanumeric character")
        }
    }

    package static func validateMeta(_ meta: [String: String]) throws(Refusal) {
        if meta.count > maxMetaPairs {
            throw invalidMeta("Node metadata cannot contain more than \(maxMetaPairs) key/value pairs")
        }
        for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
            if let reason = problem(ofKey: key, value: value) {
                throw invalidMeta("Couldn't load metadata pair ('\(key)', '\(value)'): \(reason)")
            }
        }
    }

    /// What Hawser's own fields of a token may say.
    package static func validate(_ wish: TokenWish) throws(Refusal) {
        if let lifetime = wish.lifetime, !(.seconds(1)...maxTokenLifetime ~= lifetime) {
            throw Refusal(.invalid, "TTL must be from 1s to 8760h, or left out for a token that does not expire")
        }
        guard (1...maxTokenUses).contains(wish.uses) else {
            throw Refusal(.invalid, "Uses must be from 1 to \(maxTokenUses), and is \(wish.uses)")
        }
        guard wish.note.utf8.count <= maxTokenNoteBytes else {
            throw Refusal(.invalid, "Note is too long (limit: \(maxTokenNoteBytes) bytes)")
        }
    }

    private static func invalidMeta(_ detail: String) -> Refusal {
        Refusal(.invalid, "meta tags failed validation: \(detail)")
    }

    private static func problem(ofKey key: String, value: String) -> String? {
        if key.isEmpty { return "Key cannot be blank" }
        let isGood = key.utf8.allSatisfy {
            isAlphanumeric($0) || isUpper($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        if !isGood { return "Key contains invalid characters" }
        if key.utf8.count > maxMetaKeyBytes { return "Key is too long (limit: \(maxMetaKeyBytes) characters)" }
        if key.hasPrefix("consul-") { return "Key prefix 'consul-' is reserved for internal use" }
        if value.utf8.count > maxMetaValueBytes { return "Value is too long (limit: \(maxMetaValueBytes) characters)" }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isUpper(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
