/// A filter as it is evaluated: everything about it that can be wrong was found when it was read.
indirect enum FilterExpression: Sendable {
    case all([FilterExpression])
    case any([FilterExpression])
    case not(FilterExpression)
    case comparison(FilterComparison)
}

/// One question about one value.
struct FilterComparison: Sendable {
    enum Step: Hashable, Sendable {
        /// A field that the shape has.
        case field(String)
        /// A key that a free map may have.
        case key(String)
    }

    enum Test: Sendable {
        case isText(String)
        case isNumber(Int64)
        case isBoolean(Bool)
        case isEmpty
        /// A list has the item, a map the key, or a text the part.
        case contains(String)
        case matches(FilterPattern)
    }

    /// From the thing to the value. Lists on the way are looked through: one item for which it holds is enough.
    var path: [Step]
    var test: Test
    var isNegated: Bool
}
