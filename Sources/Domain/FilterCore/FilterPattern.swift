/// A regular expression of RE2's everyday part: literals, `.`, classes, groups, `|`, `?`, `*`, `+`, `{n,m}`, `^`, `$`,
/// `\d \w \s \b` and a leading `(?i)`. It is found anywhere in a text.
///
/// Matching takes all ways at once, a character at a time, so that its time is bounded by the length of the text times
/// the number of steps, whoever wrote the pattern.
package struct FilterPattern: Sendable {
    enum Step: Sendable {
        case scalar(ClosedRange<UInt32>)
        case set([ClosedRange<UInt32>], isNegated: Bool)
        case any
        case start, end, wordBoundary
        /// Goes on at both.
        case split(Int, Int)
        case jump(Int)
        case found
    }

    private let steps: [Step]
    private let ignoresCase: Bool

    /// - Parameter column: of the pattern's text, for errors.
    init(_ pattern: String, at column: Int, maxSteps: Int) throws(FilterError) {
        var compiler = PatternCompiler(pattern, at: column, maxSteps: maxSteps)
        steps = try compiler.compile()
        ignoresCase = compiler.ignoresCase
    }

    func matches(_ text: String) -> Bool {
        let scalars = (ignoresCase ? text.lowercased() : text).unicodeScalars.map(\.value)
        var threads = ThreadList(count: steps.count)
        for position in 0...scalars.count {
            if add(0, at: position, of: scalars, to: &threads) { return true }
            guard position < scalars.count else { return false }
            var next = ThreadList(count: steps.count)
            for thread in threads.order where consumes(steps[thread], scalars[position]) {
                if add(thread + 1, at: position + 1, of: scalars, to: &next) { return true }
            }
            threads = next
        }
        return false
    }

    /// Where a match may be, each place once.
    private struct ThreadList {
        var order: [Int] = []
        var isThere: [Bool]

        init(count: Int) {
            isThere = Array(repeating: false, count: count)
        }
    }

    /// Goes on from a step to all that consume a character.
    ///
    /// - Returns: whether the pattern is found.
    private func add(_ step: Int, at position: Int, of text: [UInt32], to threads: inout ThreadList) -> Bool {
        var pending = [step]
        while let step = pending.popLast() {
            guard !threads.isThere[step] else { continue }
            threads.isThere[step] = true
            switch steps[step] {
            case .found: return true
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .start: if position == 0 { pending.append(step + 1) }
            case .end: if position == text.count { pending.append(step + 1) }
            case .wordBoundary:
                let before = position > 0 && Self.isWord(text[position - 1])
                let after = position < text.count && Self.isWord(text[position])
                if before != after { pending.append(step + 1) }
            case .scalar, .set, .any: threads.order.append(step)
            }
        }
        return false
    }

    private func consumes(_ step: Step, _ scalar: UInt32) -> Bool {
        switch step {
        case .scalar(let range): range.contains(scalar)
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        case .any: scalar != 0x0A
        case .start, .end, .wordBoundary, .split, .jump, .found: false
        }
    }

    private static func isWord(_ scalar: UInt32) -> Bool { PatternCompiler.word.contains { $0.contains(scalar) } }
}
