/// Why a text is no filter for a shape.
package struct FilterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Unicode scalars before the place, plus one.
    package var column: Int
    /// One sentence for people, without the place.
    package var message: String

    init(at column: Int, _ message: String) {
        self.column = column
        self.message = message
    }

    package var description: String { "\(message) (column \(column))" }
}

/// What a filter may be, so that applying it costs little whoever wrote it.
package struct FilterLimits: Sendable {
    /// Unicode scalars of the whole text: far more than people write, and a bound on the number of comparisons.
    package var maxCharacters = 8_192
    /// Parentheses and negations inside each other: each is a call on the stack.
    package var maxDepth = 64
    /// Steps of one compiled pattern: matching costs at most as many per character.
    package var maxPatternSteps = 1_024

    package init() {}
}
