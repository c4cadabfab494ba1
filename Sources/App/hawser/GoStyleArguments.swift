/// Command lines as Consul's users write them, turned into what the argument parser reads.
enum GoStyleArguments {
    /// What `--wait` without a value means.
    static let defaultWait = "30s"

    /// Flags that take no value here. Go reads `-dev=true` too, and so do unit files that were written for Consul.
    private static let switches = ["--dev", "--log-json", "--check"]

    /// Flags of a command that are on by themselves. Go reads `-follow` and `-follow=f` too, and never the word after it.
    private static let flags = ["watch": ["--follow"]]

    /// Turns `-name value` and `-name=value` into their two-dash forms, and `-v` in front into `version`.
    ///
    /// One letter after a dash is a short option and stays, as do `-` (standard input), numbers, and everything
    /// after `--`.
    static func rewrite(_ arguments: [String]) -> [String] {
        if let first = arguments.first, ["-v", "-version", "--version"].contains(first) {
            return ["version"] + rewrite(Array(arguments.dropFirst()))
        }
        let flags = arguments.first.flatMap { Self.flags[$0] } ?? []
        var result: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" { return result + [argument] + rest }
            guard let read = rewrite(argument, flags) else { continue }
            // A parser would take a number below zero for an option.
            if read.hasPrefix("--"), !read.contains("="), let value = rest.first, isNegativeNumber(value) {
                rest.removeFirst()
                result.append("\(read)=\(value)")
            } else {
                result.append(read)
            }
        }
        return result
    }

    /// - Returns: `nil` for a switch that is off.
    private static func rewrite(_ argument: String, _ flags: [String]) -> String? {
        let long = isLongWithOneDash(argument) ? "-" + argument : argument
        if long == "--wait" { return "--wait=\(defaultWait)" }
        if flags.contains(long) { return "\(long)=true" }
        let parts = long.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let isOn = boolean(parts[1]) else { return long }
        if flags.contains(parts[0]) { return "\(parts[0])=\(isOn)" }
        guard switches.contains(parts[0]) else { return long }
        return isOn ? parts[0] : nil
    }

    private static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "t", "1": true
        case "false", "f", "0": false
        default: nil
        }
    }

    private static func isNegativeNumber(_ text: String) -> Bool {
        text.hasPrefix("-") && Int(text) != nil
    }

    private static func isLongWithOneDash(_ argument: String) -> Bool {
        let bytes = Array(argument.utf8.prefix(3))
        guard bytes.count == 3, bytes[0] == UInt8(ascii: "-") else { return false }
        return isLetter(bytes[1]) && bytes[2] != UInt8(ascii: "=")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
