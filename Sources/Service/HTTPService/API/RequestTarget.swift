import DocumentCore
import IdentityCore

/// What stands behind the method of a request: a path as it was sent, and a query.
struct RequestTarget {
    let path: Substring
    let query: RequestQuery

    init(_ text: String) {
        let parts = text[...].parts(between: "?", most: 2)
        path = parts[0]
        query = RequestQuery(parts.count > 1 ? parts[1] : "")
    }
}

/// The values after the question mark, decoded. A key alone has the empty value.
struct RequestQuery: Sendable {
    private var values: [String: [String]] = [:]

    init(_ text: Substring) {
        for pair in text.parts(between: "&") where !pair.isEmpty {
            let parts = pair.parts(between: "=", most: 2)
            let key = percentDecoded(parts[0], plusIsSpace: true)
            values[key, default: []].append(parts.count > 1 ? percentDecoded(parts[1], plusIsSpace: true) : "")
        }
    }

    /// The first of several wins where one is asked for, as in Consul.
    subscript(key: String) -> String? { values[key]?.first }

    /// All values of a key that may be given more than once, without empty ones.
    func all(_ key: String) -> [String] { (values[key] ?? []).filter { !$0.isEmpty } }

    /// All that is said but for these keys.
    func values(without keys: Set<String>) -> [String: [String]] { values.filter { !keys.contains($0.key) } }

    func has(_ key: String) -> Bool { values[key] != nil }

    /// A value that counts as absent when it is empty.
    func text(_ key: String) -> String? {
        guard let value = self[key], !value.isEmpty else { return nil }
        return value
    }

    func number(_ key: String) throws(Refusal) -> UInt64? {
        guard let text = text(key) else { return nil }
        guard let number = UInt64(text) else { throw Refusal(.invalid, "Invalid \(key)") }
        return number
    }

    /// A switch; the key alone means yes.
    func flag(_ key: String) throws(Refusal) -> Bool {
        switch self[key] {
        case nil, "false", "0", "f", "F", "False", "FALSE": return false
        case "", "true", "1", "t", "T", "True", "TRUE": return true
        case .some(let value): throw Refusal(.invalid, "Invalid value for \(key): \"\(value)\"")
        }
    }

    func seconds(_ key: String) throws(Refusal) -> Duration? {
        guard let text = text(key) else { return nil }
        guard let span = GoDuration(text), span.nanoseconds >= 0 else { throw Refusal(.invalid, "Invalid \(key) time") }
        return span.duration
    }
}

/// Undoes percent-encoding; an escape that is none stays as it is, and bytes that are no UTF-8 become U+FFFD.
func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let value = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self))?.first {
            bytes.append(value)
            rest.removeFirst(2)
        } else {
            bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

extension Substring {
    /// What stands between the separators, by the byte: one with an accent behind it, which Swift takes for another
    /// character, is one all the same.
    func parts(between separator: Unicode.Scalar, most count: Int = .max) -> [Substring] {
        utf8.split(maxSplits: count - 1, omittingEmptySubsequences: false) { $0 == UInt8(ascii: separator) }
            .map { Substring($0) }
    }
}
