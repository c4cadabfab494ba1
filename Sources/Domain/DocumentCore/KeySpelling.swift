/// The ways in which a key of several words is written: all of them are read.
package enum KeySpelling: Sendable {
    /// `LocalBindPort`
    case camel
    /// `localBindPort`
    case lowerCamel
    /// `local_bind_port`
    case snake

    /// The spelling of a map, told from its keys; nil if there is none to tell it from.
    init?(of keys: some Collection<String>) {
        guard !keys.isEmpty else { return nil }
        if keys.contains(where: { $0.contains("_") }) {
            self = .snake
        } else if keys.contains(where: { $0.first?.isUppercase ?? false }) {
            self = .camel
        } else {
            self = keys.contains { $0.contains(where: \.isUppercase) } ? .lowerCamel : .snake
        }
    }

    /// A key, given in any spelling, in this one. A key that has it already stays as it is.
    package func spell(_ key: String) -> String {
        switch self {
        case .snake: return Self.words(of: key).map { $0.lowercased() }.joined(separator: "_")
        case .camel:
            guard key.first?.isLowercase ?? false else { return key }
            return Self.words(of: key).map(Self.capitalised).joined()
        case .lowerCamel:
            let words = Self.words(of: key)
            return (words.first?.lowercased() ?? "") + words.dropFirst().map(Self.capitalised).joined()
        }
    }

    /// Words that Consul writes in capitals inside of keys.
    private static let capitals: Set = [
        "id", "http", "tcp", "udp", "tls", "grpc", "ttl", "sni", "json", "dns", "soa", "jwt", "os",
    ]

    private static func capitalised(_ word: String) -> String {
        if capitals.contains(word.lowercased()) { return word.uppercased() }
        return word.prefix(1).uppercased() + word.dropFirst()
    }

    /// A word ends before an underscore, before a capital that follows a small letter or a digit, before the last of
    /// several capitals that a small letter follows, and before a digit that follows a small letter.
    private static func words(of key: String) -> [String] {
        if key.contains("_") || !key.contains(where: \.isUppercase) {
            return key.split(separator: "_").map(String.init)
        }
        let letters = Array(key)
        var words: [String] = []
        for (index, letter) in letters.enumerated() {
            let before = index > 0 ? letters[index - 1] : nil
            let after = index + 1 < letters.count ? letters[index + 1] : nil
            let startsWord =
                switch before {
                case nil: true
                case let before? where letter.isUppercase:
                    !before.isUppercase || (after?.isLowercase ?? false)
                case let before?: letter.isNumber && before.isLowercase
                }
            if startsWord { words.append("") }
            words[words.count - 1].append(letter)
        }
        return words
    }
}
