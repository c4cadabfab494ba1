/// The text formats that are read, by the end of a file's name.
package enum ConfigFormat: Sendable {
    case hcl
    case json
    case yaml

    package init?(path: String) {
        switch path.split(separator: "/").last?.split(separator: ".", omittingEmptySubsequences: false).last {
        case "hcl": self = .hcl
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        default: return nil
        }
    }

    /// The format of a text without a name, such as standard input. JSON starts with a bracket; HCL has `=` or `{`
    /// after the first key, and YAML has `:`.
    package init(text: [UInt8]) {
        let lines = Self.withoutMark(text).split(separator: UInt8(ascii: "\n"))
        let meaningful = lines.lazy.map { $0.drop(while: Self.isBlank) }
            .first { !$0.isEmpty && $0.first != UInt8(ascii: "#") }
        self = Self.isJSON(text) ? .json : meaningful.map(Self.isHCL) == true ? .hcl : .yaml
    }

    /// Whether the first character is a bracket. Consul reads a file as JSON then, also if it is named `.hcl`.
    static func isJSON(_ text: [UInt8]) -> Bool {
        let first = withoutMark(text).first { !isBlank($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    private static func withoutMark(_ text: [UInt8]) -> ArraySlice<UInt8> {
        text.starts(with: [0xEF, 0xBB, 0xBF]) ? text[3...] : text[...]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }

    private static func isHCL(_ line: ArraySlice<UInt8>) -> Bool {
        if line.starts(with: "//".utf8) || line.starts(with: "/*".utf8) { return true }
        // An item of a YAML list.
        if line.first == UInt8(ascii: "-") { return false }
        var isQuoted = false
        for byte in line {
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "="), UInt8(ascii: "{"):
                if !isQuoted { return true }
            case UInt8(ascii: ":"), UInt8(ascii: "'"):
                if !isQuoted { return false }
            default: break
            }
        }
        return false
    }
}
