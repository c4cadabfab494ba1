package import DocumentCore

/// What clients write behind `?filter=`: an expression about the fields of the things that an answer lists, in the
/// part of go-bexpr's language that Consul's clients use.
///
///     "v2" in Service.Tags and (Node.Meta["rack"] == "7" or Checks.Status != passing)
package struct Filter: Sendable {
    private let expression: FilterExpression

    /// - Parameter shape: of the things; a selector that leads nowhere in it is refused.
    package init(_ text: String, over shape: FilterShape, limits: FilterLimits = FilterLimits()) throws(FilterError) {
        expression = try FilterParser.parse(text, over: shape, limits: limits)
    }

    /// Whether it holds for one thing, of the shape that it was read for.
    package func matches(_ document: Document) -> Bool { expression.holds(for: document) }
}

extension FilterExpression {
    func holds(for document: Document) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.holds(for: document) }
        case .any(let parts): parts.contains { $0.holds(for: document) }
        case .not(let part): !part.holds(for: document)
        case .comparison(let comparison): comparison.holds(for: document, from: comparison.path[...])
        }
    }
}

extension FilterComparison {
    fileprivate func holds(for value: Document?, from path: ArraySlice<Step>) -> Bool {
        guard let step = path.first else { return test.holds(for: value) != isNegated }
        if case .list(let items) = value?.content {
            return items.contains { holds(for: $0, from: path) }
        }
        switch step {
        case .field(let name):
            return holds(for: value?[name], from: path.dropFirst())
        case .key(let name):
            // Nothing is known of what is not there, but that it is empty.
            guard let found = value?[name] else {
                if case .isEmpty = test { return !isNegated }
                return isNegated
            }
            return holds(for: found, from: path.dropFirst())
        }
    }
}

extension FilterComparison.Test {
    /// - Parameter value: nil for a field that says nothing.
    fileprivate func holds(for value: Document?) -> Bool {
        switch self {
        case .isText(let text): return (value?.string ?? "") == text
        case .isNumber(let number):
            guard case .integer(let found) = value?.content else { return number == 0 }
            return found == number
        case .isBoolean(let boolean):
            guard case .bool(let found) = value?.content else { return !boolean }
            return found == boolean
        case .isEmpty: return value?.isEmpty ?? true
        case .contains(let part): return value?.contains(part) ?? false
        case .matches(let pattern): return pattern.matches(value?.string ?? "")
        }
    }
}

extension Document {
    fileprivate var isEmpty: Bool {
        switch content {
        case .string(let text): text.isEmpty
        case .list(let items): items.isEmpty
        case .map(let members): members.isEmpty
        case .null: true
        case .bool, .integer, .number: false
        }
    }

    fileprivate func contains(_ part: String) -> Bool {
        switch content {
        case .string(let text): part.isEmpty || text.contains(part)
        case .list(let items): items.contains { $0.string == part }
        case .map(let members): members.contains { $0.key == part }
        case .null, .bool, .integer, .number: false
        }
    }
}
