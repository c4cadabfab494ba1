/// Turns the text of a pattern into steps.
struct PatternCompiler {
    typealias Step = FilterPattern.Step
    typealias Ranges = [ClosedRange<UInt32>]

    static let digits: Ranges = [0x30...0x39]
    static let word: Ranges = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    static let space: Ranges = [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]

    /// Groups inside each other.
    private static let maxDepth = 32
    /// RE2's own bound.
    private static let maxRepeats = 1_000

    private let scalars: [Unicode.Scalar]
    private let column: Int
    private let maxSteps: Int
    private var position = 0
    private var depth = 0
    private(set) var ignoresCase = false

    init(_ pattern: String, at column: Int, maxSteps: Int) {
        var scalars = Array(pattern.unicodeScalars)
        if scalars.starts(with: "(?i)".unicodeScalars) {
            ignoresCase = true
            scalars = Array(scalars.dropFirst(4))
        }
        self.scalars = scalars
        self.column = column
        self.maxSteps = maxSteps
    }

    mutating func compile() throws(FilterError) -> [Step] {
        let steps = try alternation()
        guard position == scalars.count else { throw wrong("a ) has no ( before it") }
        return steps + [.found]
    }

    // MARK: - Structure

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private func wrong(_ reason: String) -> FilterError { FilterError(at: column, "the pattern is wrong: \(reason)") }

    /// Steps are relative to where they start: targets are moved when they are put behind others.
    private static func moved(_ steps: [Step], by offset: Int) -> [Step] {
        steps.map { step in
            switch step {
            case .split(let first, let second): .split(first + offset, second + offset)
            case .jump(let target): .jump(target + offset)
            case .scalar, .set, .any, .start, .end, .wordBoundary, .found: step
            }
        }
    }

    /// In place: what a pattern repeats costs as much as it is long.
    private func append(_ more: [Step], to steps: inout [Step]) throws(FilterError) {
        guard steps.count + more.count < maxSteps else { throw wrong("it is too long, or repeats too much") }
        steps += Self.moved(more, by: steps.count)
    }

    private mutating func alternation() throws(FilterError) -> [Step] {
        var steps = try sequence()
        while take("|") {
            let other = try sequence()
            let first = [Step.split(1, steps.count + 2)] + Self.moved(steps, by: 1)
            steps = first + [.jump(first.count + 1 + other.count)]
            try append(other, to: &steps)
        }
        return steps
    }

    private mutating func sequence() throws(FilterError) -> [Step] {
        var steps: [Step] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            try append(try repetition(), to: &steps)
        }
        return steps
    }

    private mutating func repetition() throws(FilterError) -> [Step] {
        var steps = try atom()
        while let bounds = try repeats() {
            // Whether it is lazy makes no difference to whether it is found.
            _ = take("?")
            steps = try repeated(steps, bounds.least, bounds.most)
        }
        return steps
    }

    private mutating func repeats() throws(FilterError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = position
        guard take("{"), let least = number() else {
            position = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else {
            position = start
            return nil
        }
        guard least <= Self.maxRepeats, most.map({ (least...Self.maxRepeats).contains($0) }) ?? true else {
            throw wrong("a repetition is out of range")
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var digits = ""
        while let scalar = current, ("0"..."9").contains(scalar), digits.count < 5 {
            digits.unicodeScalars.append(scalar)
            position += 1
        }
        return Int(digits)
    }

    private func repeated(_ steps: [Step], _ least: Int, _ most: Int?) throws(FilterError) -> [Step] {
        // Nothing, however often, is nothing.
        guard !steps.isEmpty else { return [] }
        var result: [Step] = []
        for _ in 0..<least { try append(steps, to: &result) }
        guard let most else {
            let loop = [Step.split(1, steps.count + 2)] + Self.moved(steps, by: 1) + [.jump(0)]
            try append(loop, to: &result)
            return result
        }
        let maybe = [Step.split(1, steps.count + 1)] + Self.moved(steps, by: 1)
        for _ in least..<most { try append(maybe, to: &result) }
        return result
    }

    // MARK: - Atoms

    private mutating func atom() throws(FilterError) -> [Step] {
        guard let scalar = current else { return [] }
        position += 1
        switch scalar {
        case "(": return try group()
        case "[": return [try bracket()]
        case ".": return [.any]
        case "^": return [.start]
        case "$": return [.end]
        case "*", "+", "?": throw wrong("\(scalar) has nothing to repeat")
        case "\\": return [try escape()]
        default: return [literal(scalar)]
        }
    }

    private mutating func group() throws(FilterError) -> [Step] {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { throw wrong("its groups are nested too deep") }
        if take("?") {
            guard take(":") else { throw wrong("only (?:...) and a leading (?i) are understood after (?") }
        }
        let inner = try alternation()
        guard take(")") else { throw wrong("a ( has no )") }
        return inner
    }

    private func literal(_ scalar: Unicode.Scalar) -> Step {
        let value = folded(scalar)
        return .scalar(value...value)
    }

    private func folded(_ scalar: Unicode.Scalar) -> UInt32 {
        ignoresCase ? String(scalar).lowercased().unicodeScalars.first?.value ?? scalar.value : scalar.value
    }

    private mutating func escape() throws(FilterError) -> Step {
        guard let scalar = current else { throw wrong("it ends in a backslash") }
        position += 1
        if scalar == "b" { return .wordBoundary }
        if scalar == "A" { return .start }
        if scalar == "z" { return .end }
        if let (ranges, isNegated) = Self.namedClass(scalar) { return .set(ranges, isNegated: isNegated) }
        return literal(try escaped(scalar))
    }

    private static func namedClass(_ scalar: Unicode.Scalar) -> (Ranges, isNegated: Bool)? {
        switch scalar {
        case "d": (digits, false)
        case "D": (digits, true)
        case "w": (word, false)
        case "W": (word, true)
        case "s": (space, false)
        case "S": (space, true)
        default: nil
        }
    }

    private func escaped(_ scalar: Unicode.Scalar) throws(FilterError) -> Unicode.Scalar {
        switch scalar {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case _ where scalar.properties.isAlphabetic || ("0"..."9").contains(scalar):
            throw wrong("\\\(scalar) is not understood")
        default: return scalar
        }
    }

    private mutating func bracket() throws(FilterError) -> Step {
        let isNegated = take("^")
        var ranges: Ranges = []
        var isFirst = true
        while let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            position += 1
            if scalar == "\\", let name = current, let (named, isOutside) = Self.namedClass(name) {
                guard !isOutside else { throw wrong("\\\(name) may not stand in brackets") }
                position += 1
                ranges += named
                continue
            }
            let low = try member(scalar)
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges.append(folded(low)...folded(low))
                continue
            }
            position += 1
            let end = scalars[position]
            position += 1
            let high = try member(end)
            guard low.value <= high.value else { throw wrong("a range in brackets runs backwards") }
            ranges.append(low.value...high.value)
            if ignoresCase { ranges.append(min(folded(low), folded(high))...max(folded(low), folded(high))) }
        }
        guard take("]") else { throw wrong("a [ has no ]") }
        return .set(ranges, isNegated: isNegated)
    }

    private mutating func member(_ scalar: Unicode.Scalar) throws(FilterError) -> Unicode.Scalar {
        guard scalar == "\\" else { return scalar }
        guard let next = current else { throw wrong("it ends in a backslash") }
        position += 1
        return try escaped(next)
    }
}
