extension MapReader {
    package mutating func string(_ key: String) -> String? {
        guard let member = take(key, .string) else { return nil }
        return string(member.value, path.key(member.key))
    }

    package mutating func bool(_ key: String) -> Bool? {
        guard let member = take(key, .boolean) else { return nil }
        switch member.value.content {
        case .bool(let value): return value
        case .integer(0), .string("0"), .string("false"), .string("False"), .string("FALSE"), .string("f"): return false
        case .integer(1), .string("1"), .string("true"), .string("True"), .string("TRUE"), .string("t"): return true
        default:
            wrongType(member, "true or false")
            return nil
        }
    }

    /// An integer inside a range.
    ///
    /// - Parameter refusal: what Consul says of one outside of it, if it says something of its own.
    package mutating func integer(
        _ key: String, in range: ClosedRange<Int>, refusal: String? = nil
    ) -> Int? {
        guard let member = take(key, .integer(range)) else { return nil }
        guard let value = integer(member.value) else {
            wrongType(member, "an integer")
            return nil
        }
        guard !range.contains(value) else { return value }
        let bounds =
            range.upperBound == .max
            ? "at least \(range.lowerBound)" : "between \(range.lowerBound) and \(range.upperBound)"
        outOfRange(member, "must be \(bounds), and is \(value)", refusal)
        return nil
    }

    /// A duration as Go writes it; integers are nanoseconds, as in Consul.
    ///
    /// - Parameter negativeRefusal: what Consul says of negative ones; nil if they are accepted.
    package mutating func duration(_ key: String, negativeRefusal: String? = nil) -> GoDuration? {
        guard let member = take(key, .duration) else { return nil }
        let duration: GoDuration
        switch member.value.content {
        case .integer(let nanoseconds): duration = GoDuration(nanoseconds: nanoseconds)
        case .string(let text):
            guard let value = GoDuration(text) else {
                problem(.wrongType, member, "must be a duration such as \"10s\" or \"1h30m\", and is \(quoted(text))")
                return nil
            }
            duration = value
        default:
            wrongType(member, "a duration such as \"10s\"")
            return nil
        }
        if let negativeRefusal, duration.nanoseconds < 0 {
            outOfRange(member, "must not be negative, and is \(duration)", negativeRefusal)
            return nil
        }
        return duration
    }

    /// One of the values of an enumeration, with its place; an empty string says nothing.
    ///
    /// - Parameter refusal: what Consul says of a text that is none of them.
    package mutating func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ key: String, of type: Choice.Type, refusal: (String) -> String
    ) -> (value: Choice, position: DocumentPosition)? {
        let names = Choice.allCases.map(\.rawValue)
        guard let found = choice(key, among: names, refusal: refusal) else { return nil }
        return Choice(rawValue: found.text).map { ($0, found.position) }
    }

    /// The same for an enumeration that has no type.
    mutating func choice(
        _ key: String, among names: [String], refusal: (String) -> String
    ) -> (text: String, position: DocumentPosition)? {
        guard let member = take(key, .choice(names)) else { return nil }
        guard let text = string(member.value, path.key(member.key)), !text.isEmpty else { return nil }
        if names.contains(text) { return (text, member.value.position) }
        collector.problem(
            .invalid, at: member.value.position, path: "\(path.key(member.key))",
            "must be \(inWords(names)), and is \(quoted(text))", consulWords: context + refusal(text))
        return nil
    }

    // MARK: - Values

    func string(_ value: Document, _ path: @autoclosure () -> DocumentPath) -> String? {
        switch value.content {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .bool, .number:
            collector.problem(
                .wrongType, at: value.position, path: "\(path())",
                "must be a string, and \(value.kindInWords) stands here: put it in quotes")
        case .null, .list, .map:
            collector.problem(
                .wrongType, at: value.position, path: "\(path())",
                "must be a string, and \(value.kindInWords) stands here")
        }
        return nil
    }

    private func integer(_ value: Document) -> Int? {
        switch value.content {
        case .integer(let number): Int(exactly: number)
        case .number(let number): Int(exactly: number)
        case .string(let text): Int(text)
        case .null, .bool, .list, .map: nil
        }
    }

    // MARK: - Problems

    func wrongType(_ member: DocumentMember, _ expected: String) {
        problem(.wrongType, member, "must be \(expected), and \(member.value.kindInWords) stands here")
    }

    private func problem(_ code: DocumentProblem.Code, _ member: DocumentMember, _ message: String) {
        collector.problem(code, at: member.value.position, path: "\(path.key(member.key))", message)
    }

    /// What Consul has words for is one of its rules, which it checks when all is decoded.
    private func outOfRange(_ member: DocumentMember, _ message: String, _ refusal: String?) {
        collector.problem(
            refusal == nil ? .outOfRange : .invalid, at: member.value.position, path: "\(path.key(member.key))",
            message, consulWords: refusal.map { context + $0 })
    }
}

/// `a`, `a or b`, `a, b or c`.
package func inWords(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " or " + last
}
