/// Reads a filter, and binds it to the shape of what it will be applied to.
///
///     expression := conjunction { "or" conjunction }
///     conjunction := negation { "and" negation }
///     negation := "not" negation | "(" expression ")" | comparison
///     comparison := selector "==" value | selector ["not"] ("contains" | "matches") value
///                 | selector "is" ["not"] "empty" | value ["not"] "in" selector
struct FilterParser {
    private let tokens: [FilterToken]
    private let shape: FilterShape
    private let limits: FilterLimits
    private var position = 0
    private var depth = 0

    static func parse(
        _ text: String, over shape: FilterShape, limits: FilterLimits
    ) throws(FilterError) -> FilterExpression {
        guard text.unicodeScalars.count <= limits.maxCharacters else {
            throw FilterError(
                at: limits.maxCharacters + 1, "a filter has at most \(limits.maxCharacters) characters")
        }
        var parser = FilterParser(tokens: try FilterLexer.tokens(of: text), shape: shape, limits: limits)
        let expression = try parser.expression()
        guard case .end = parser.current.kind else { throw parser.unexpected("and, or, or the end") }
        return expression
    }

    private init(tokens: [FilterToken], shape: FilterShape, limits: FilterLimits) {
        self.tokens = tokens
        self.shape = shape
        self.limits = limits
    }

    // MARK: - Tokens

    private var current: FilterToken { tokens[position] }
    private var following: FilterToken { tokens[min(position + 1, tokens.count - 1)] }

    /// The end stays the current token.
    private mutating func advance() { position = min(position + 1, tokens.count - 1) }

    private mutating func take(_ kind: FilterToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    private func unexpected(_ wanted: String) -> FilterError {
        FilterError(at: current.column, "\(wanted) is expected, and \(current.kind.inWords) stands here")
    }

    // MARK: - Expressions

    private mutating func expression() throws(FilterError) -> FilterExpression {
        var parts = [try conjunction()]
        while take(.word("or")) { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction() throws(FilterError) -> FilterExpression {
        var parts = [try negation()]
        while take(.word("and")) { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func negation() throws(FilterError) -> FilterExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.maxDepth else {
            throw FilterError(at: current.column, "a filter is nested at most \(limits.maxDepth) deep")
        }
        if take(.word("not")) { return .not(try negation()) }
        if take(.open) {
            let inner = try expression()
            guard take(.close) else { throw unexpected("and, or, or )") }
            return inner
        }
        return .comparison(try comparison())
    }

    private mutating func comparison() throws(FilterError) -> FilterComparison {
        if startsWithValue {
            let value = try value()
            let isNegated = take(.word("not"))
            guard take(.word("in")) else { throw unexpected("in or not in") }
            let selector = try selector()
            return FilterComparison(
                path: selector.path, test: try containing(value, selector), isNegated: isNegated)
        }
        let selector = try selector()
        switch current.kind {
        case .equal, .notEqual:
            let isNegated = current.kind == .notEqual
            advance()
            return FilterComparison(path: selector.path, test: try equal(selector), isNegated: isNegated)
        case .word("is"):
            advance()
            let isNegated = take(.word("not"))
            guard take(.word("empty")) else { throw unexpected("empty or not empty") }
            try demand(selector, can: "be empty") { $0.isContainer || $0 == .text }
            return FilterComparison(path: selector.path, test: .isEmpty, isNegated: isNegated)
        default:
            return try wordComparison(selector)
        }
    }

    private mutating func wordComparison(_ selector: Selector) throws(FilterError) -> FilterComparison {
        let isNegated = take(.word("not"))
        if take(.word("contains")) {
            return FilterComparison(
                path: selector.path, test: try containing(try value(), selector), isNegated: isNegated)
        }
        guard take(.word("matches")) else { throw unexpected("an operator such as ==, !=, in, contains or matches") }
        try demand(selector, can: "match a pattern") { $0 == .text }
        let pattern = try value()
        let compiled = try FilterPattern(pattern.text, at: pattern.column, maxSteps: limits.maxPatternSteps)
        return FilterComparison(path: selector.path, test: .matches(compiled), isNegated: isNegated)
    }

    /// Whether `in` follows a value here. A text can be nothing else.
    private var startsWithValue: Bool {
        if case .text = current.kind { return true }
        guard case .word = current.kind else { return false }
        if following.kind == .word("in") { return true }
        guard following.kind == .word("not"), position + 2 < tokens.count else { return false }
        return tokens[position + 2].kind == .word("in")
    }

    // MARK: - Selectors and values

    private struct Selector {
        var path: [FilterComparison.Step]
        /// Of the value that the path leads to.
        var shape: FilterShape
        var text: String
        var column: Int
    }

    private mutating func selector() throws(FilterError) -> Selector {
        guard case .word(let first) = current.kind else { throw unexpected("a field") }
        var selector = Selector(path: [], shape: shape, text: first, column: current.column)
        try step(first, &selector)
        advance()
        while true {
            if take(.dot) {
                guard case .word(let name) = current.kind else { throw unexpected("a field") }
                selector.text += ".\(name)"
                try step(name, &selector)
                advance()
            } else if take(.openIndex) {
                guard case .text(let key) = current.kind else { throw unexpected("a key in quotes") }
                selector.text += "[\"\(key)\"]"
                try step(key, &selector)
                advance()
                guard take(.closeIndex) else { throw unexpected("]") }
            } else {
                return selector
            }
        }
    }

    private func step(_ name: String, _ selector: inout Selector) throws(FilterError) {
        while case .list(let item) = selector.shape { selector.shape = item }
        switch selector.shape {
        case .map(let value):
            selector.path.append(.key(name))
            selector.shape = value
        case .object(let fields):
            guard let field = fields[name] else { throw invalid(selector) }
            selector.path.append(.field(name))
            selector.shape = field
        case .text, .number, .boolean, .list:
            throw invalid(selector)
        }
    }

    private func invalid(_ selector: Selector) -> FilterError {
        FilterError(at: selector.column, "Selector \"\(selector.text)\" is not valid")
    }

    private struct Value {
        var text: String
        var column: Int
    }

    private mutating func value() throws(FilterError) -> Value {
        let column = current.column
        switch current.kind {
        case .text(let text):
            advance()
            return Value(text: text, column: column)
        case .word(var text):
            advance()
            // `10.0.0.1` is a value too.
            while case .dot = current.kind, case .word(let more) = following.kind {
                text += ".\(more)"
                advance()
                advance()
            }
            return Value(text: text, column: column)
        case .equal, .notEqual, .open, .close, .dot, .openIndex, .closeIndex, .end:
            throw unexpected("a value")
        }
    }

    // MARK: - Tests

    private mutating func equal(_ selector: Selector) throws(FilterError) -> FilterComparison.Test {
        let value = try value()
        switch selector.shape {
        case .text: return .isText(value.text)
        case .number:
            guard let number = Int64(value.text) else {
                throw FilterError(at: value.column, "\(selector.text) is a number, and \"\(value.text)\" is none")
            }
            return .isNumber(number)
        case .boolean:
            guard let boolean = ["true": true, "false": false][value.text] else {
                throw FilterError(
                    at: value.column, "\(selector.text) is true or false, and \"\(value.text)\" is neither")
            }
            return .isBoolean(boolean)
        case .list, .map, .object:
            throw FilterError(at: selector.column, "\(selector.text) cannot be compared with ==: name a field of it")
        }
    }

    private func containing(_ value: Value, _ selector: Selector) throws(FilterError) -> FilterComparison.Test {
        try demand(selector, can: "contain a text") { shape in
            switch shape {
            case .text, .map, .list(.text): true
            case .number, .boolean, .list, .object: false
            }
        }
        return .contains(value.text)
    }

    private func demand(
        _ selector: Selector, can what: String, _ isRight: (FilterShape) -> Bool
    ) throws(FilterError) {
        guard isRight(selector.shape) else {
            throw FilterError(at: selector.column, "\(selector.text) cannot \(what)")
        }
    }
}

extension FilterShape {
    fileprivate var isContainer: Bool {
        switch self {
        case .list, .map: true
        case .text, .number, .boolean, .object: false
        }
    }
}
