import DocumentCore

// Values of the daemon's answers. What is missing or of another kind is nil, or false.

extension Document {
    var integer: Int64? {
        guard case .integer(let value) = content else { return nil }
        return value
    }

    var isTrue: Bool { content == .bool(true) }
}
