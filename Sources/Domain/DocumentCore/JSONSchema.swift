/// JSON Schemas (draft 2020-12) of what decoders ask for, so that there is no second list of keys.
///
/// Keys are offered in camel and in snake case. A schema asks for numbers and booleans as such, where the decoders
/// also take them as strings; what else it refuses is refused by the decoders too.
package struct JSONSchema {
    private var json = JSONWriter(style: .pretty)
    /// The shapes of maps by name, in the order in which they were met: each is written once, however often and in
    /// however many spellings it is referred to.
    private var definitions: [(name: String, shape: MapShape)] = []

    /// The schema of one kind of document, with a line break at its end.
    ///
    /// - Parameters:
    ///   - title: what the document is, for people.
    ///   - required: the one key that must be there, if there is one.
    package static func text(title: String, of shape: MapShape, required: String? = nil) -> String {
        var schema = JSONSchema()
        schema.write(title: title, shape, required: required)
        return schema.json.text + "\n"
    }

    private mutating func write(title: String, _ shape: MapShape, required: String?) {
        var writer = JSONWriter(style: .pretty)
        writer.object { json in
            json.field("$schema", "https://json-schema.org/draft/2020-12/schema")
            json.field("title", title)
            writeFields(of: shape, below: "", to: &json)
            if let required {
                json.list("anyOf", Self.spellings(of: required)) { json, key in
                    json.object { $0.field("required", [key]) }
                }
            }
            json.object("$defs") { json in
                // Writing one may meet others.
                var index = 0
                while index < definitions.count {
                    let (name, shape) = definitions[index]
                    json.object(name) { writeFields(of: shape, below: name, to: &$0) }
                    index += 1
                }
            }
        }
        json = writer
    }

    /// One key a line: what a value may be stays on it.
    private mutating func writeFields(of shape: MapShape, below name: String, to json: inout JSONWriter) {
        json.field("type", "object")
        json.object("properties") { json in
            for key in shape.keys {
                var value = JSONWriter()
                value.object { write(key.value, as: name.isEmpty ? key.name : "\(name).\(key.name)", to: &$0) }
                for spelling in Self.spellings(of: key.name) {
                    json.key(spelling)
                    json.verbatim(value.bytes)
                }
            }
        }
        if !shape.isOpen { json.field("additionalProperties", false) }
    }

    private static func spellings(of key: String) -> [String] {
        let (camel, snake) = (KeySpelling.camel.spell(key), KeySpelling.snake.spell(key))
        return camel == snake ? [camel] : [camel, snake]
    }

    private mutating func write(_ shape: DocumentShape, as name: String, to json: inout JSONWriter) {
        switch shape {
        case .string: json.field("type", ["string", "integer"])
        case .boolean: json.field("type", "boolean")
        case .integer(let range):
            json.field("type", "integer")
            if range.lowerBound != .min { json.field("minimum", range.lowerBound) }
            if range.upperBound != .max { json.field("maximum", range.upperBound) }
        case .duration:
            json.field("type", ["string", "integer"])
            json.field("description", "A duration such as 10s, 1h30m or 250ms; integers are nanoseconds.")
        case .constant(let text): json.field("const", text)
        case .choice(let names): json.field("enum", names + [""])
        case .strings:
            json.field("type", ["string", "array"])
            json.object("items") { $0.field("type", ["string", "integer"]) }
        case .stringMap:
            json.field("type", "object")
            json.object("additionalProperties") { $0.field("type", ["string", "integer"]) }
        case .listMap:
            json.field("type", "object")
            json.object("additionalProperties") { $0.field("type", ["array", "string", "integer"]) }
        case .opaqueMap: json.field("type", "object")
        case .anything: break
        case .map(let shape):
            let reference = reference(to: shape, as: name)
            json.list("anyOf") { json in
                json.object { $0.field("$ref", reference) }
                json.object { Self.writeList(of: reference, atMost: 1, to: &$0) }
            }
        case .maps(let shape):
            let reference = reference(to: shape, as: name)
            json.list("anyOf") { json in
                json.object { Self.writeList(of: reference, atMost: nil, to: &$0) }
                json.object { $0.field("$ref", reference) }
            }
        case .mapOfMaps(let shape):
            let reference = reference(to: shape, as: name)
            json.field("type", "object")
            json.object("additionalProperties") { $0.field("$ref", reference) }
        case .listOfAny(let shapes):
            let references = shapes.enumerated().map { reference(to: $1, as: "\(name)[\($0)]") }
            json.field("type", "array")
            json.object("items") { json in
                json.list("anyOf", references) { json, reference in json.object { $0.field("$ref", reference) } }
            }
        }
    }

    private static func writeList(of reference: String, atMost limit: Int?, to json: inout JSONWriter) {
        json.field("type", "array")
        if let limit { json.field("maxItems", limit) }
        json.object("items") { $0.field("$ref", reference) }
    }

    private mutating func reference(to shape: MapShape, as name: String) -> String {
        if let same = definitions.first(where: { $0.shape == shape }) { return "#/$defs/\(same.name)" }
        definitions.append((name, shape))
        return "#/$defs/\(name)"
    }
}
