/// What a name must be that tells one thing from another: the name or ID of a node, a service, a check, a peering, a
/// config entry, a policy, a token, a datacenter.
///
/// Such a name becomes a part of a key, of a line in a log and of a line on a terminal, and goes to peers. A control
/// character cuts or forges one of them, and no name of the field has one. Slashes, spaces and everything that can be
/// seen are allowed, as in Consul. Whether a name may be empty or a wildcard is the rule of the field that it stands in.
package enum NameRule {
    /// Bytes of UTF-8, as many as a whole DNS name may have: room for the name of a pod with that of its service.
    package static let maxBytes = 255
    /// For an ID that is made of another one and some words around it, such as `service:ID:2`, `ID-sidecar-proxy` and
    /// `ID:overall-check`: what is made of a good ID is good, here and at peers.
    package static let maxDerivedBytes = 320

    /// Why this is no name, as the end of a sentence that begins with the field; nil if it is one. The empty name is
    /// none of its business.
    ///
    /// - Parameter limit: `maxBytes`, or `maxDerivedBytes` for what others may have derived.
    package static func problem(of name: String, atMost limit: Int = maxBytes) -> String? {
        // Most names are short and plain.
        if name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }), name.utf8.count <= limit { return nil }
        for scalar in name.unicodeScalars {
            if isControl(scalar) {
                return "must not hold control characters, and \(quoted(name)) holds \(number(scalar)): write it without"
            }
            if scalar == replacement {
                return "must be UTF-8, and \(quoted(name)) holds \(number(scalar)) where there were other bytes: "
                    + "write the name itself"
            }
        }
        guard name.utf8.count > limit else { return nil }
        return "must be at most \(limit) bytes long, and \(quoted(name)) has \(name.utf8.count): choose a shorter one"
    }

    /// What ends a line, moves a cursor or cannot be seen: C0, DEL, C1, and the separators of lines and paragraphs.
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }

    /// What decoders put in the place of bytes that are no UTF-8: different names would become one.
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    private static func number(_ scalar: Unicode.Scalar) -> String { "U+\(hexadecimal(scalar))" }
}

/// Four digits, or more where they are needed.
private func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
}

/// A text from outside as an error shows it: cut, and with escapes for control characters.
package func shown(_ text: String) -> String {
    let limit = 80
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        if NameRule.isControl(scalar) {
            result += "\\u" + hexadecimal(scalar)
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > limit ? result + "..." : result
}

/// The same inside quotes.
package func quoted(_ text: String) -> String { "\"\(shown(text))\"" }

extension MapReader {
    /// A string that must be a name, or empty.
    package mutating func name(_ key: String) -> String? {
        guard let name = string(key) else { return nil }
        requireName(name, key)
        return name
    }

    /// A list of names.
    package mutating func names(_ key: String) -> [String]? {
        guard let names = strings(key) else { return nil }
        for name in names { requireName(name, key) }
        return names
    }

    /// Reports what was taken out of a key if it is no name.
    package func requireName(_ name: String, _ key: String) {
        if let problem = NameRule.problem(of: name) { invalid(key, problem) }
    }
}
