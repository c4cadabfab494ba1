/// What a value must look like: what a decoder asks for, noted instead of read.
package indirect enum DocumentShape: Hashable, Sendable {
    case string
    case boolean
    case integer(ClosedRange<Int>)
    case duration
    /// This text and no other.
    case constant(String)
    /// One of these texts, or an empty one.
    case choice([String])
    case strings
    /// Free keys, and strings as values.
    case stringMap
    /// Free keys, and lists of strings as values.
    case listMap
    /// Free keys, and whatever as values.
    case opaqueMap
    case anything
    case map(MapShape)
    /// A list of maps, or a single one.
    case maps(MapShape)
    /// Free keys, and maps as values.
    case mapOfMaps(MapShape)
    /// A list of values that may have any of these shapes.
    case listOfAny([MapShape])
}

/// The keys that a map may have.
package struct MapShape: Hashable, Sendable {
    package var keys: [KeyShape]
    /// Whether it may have others too.
    package var isOpen: Bool

    package init(_ keys: [KeyShape], isOpen: Bool = false) {
        self.keys = keys
        self.isOpen = isOpen
    }

    /// The shape that a decoder reads, learned by running it once over nothing.
    package static func learned<Result>(_ unknown: UnknownKeys, _ body: (inout MapReader) -> Result?) -> MapShape {
        let recorder = ShapeRecorder()
        var reader = MapReader(
            [], at: .none, path: .root, unknown: unknown, into: ProblemCollector(), recorder: recorder)
        _ = body(&reader)
        return MapShape(recorder.keys, isOpen: recorder.isOpen || unknown != .refuse)
    }
}

/// One key of a map, in the spelling of the code that reads it, and its value.
package struct KeyShape: Hashable, Sendable {
    package var name: String
    package var value: DocumentShape

    package init(_ name: String, _ value: DocumentShape) {
        self.name = name
        self.value = value
    }
}

/// Notes what is asked of a reader. Lives as long as one `MapShape.learned`.
final class ShapeRecorder {
    private(set) var keys: [KeyShape] = []
    var isOpen = false

    /// A key that is asked for twice is one key.
    func note(_ name: String, _ value: DocumentShape) {
        guard !keys.contains(where: { keysMatch($0.name, name) }) else { return }
        keys.append(KeyShape(name, value))
    }
}
