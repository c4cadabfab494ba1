import DocumentCore

// Values of the daemon's answers. What is missing or of another kind is nil, or false.

extension Document {
    var integer: Int64? {
        guard case .integer(let value) = content else { return nil }
        return value
    }

    /// A count or a number of an event; nil below zero.
    ///
    /// Not inlined: the optimizer of Swift 6.3 fails on an integer that is taken out of an optional document and converted.
    @inline(never)
    var unsigned: UInt64? {
        guard case .integer(let value) = content, value >= 0 else { return nil }
        return UInt64(value)
    }

    var isTrue: Bool { content == .bool(true) }
}
