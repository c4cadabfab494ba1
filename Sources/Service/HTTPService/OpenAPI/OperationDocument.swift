import DocumentCore

/// What the OpenAPI document says of one method of a path. It stands beside the route that it describes.
struct OperationDocument: Sendable {
    struct Parameter: Sendable {
        var name: String
        var meaning: String
        var schema: ValueSchema

        init(_ name: String, _ schema: ValueSchema, _ meaning: String) {
            self.name = name
            self.meaning = meaning
            self.schema = schema
        }
    }

    /// What comes with status 200.
    enum Answer: Sendable {
        case empty
        case json(ValueSchema)
        /// One value a line, without an end.
        case lines(ValueSchema)
    }

    var summary: String
    var parameters: [Parameter] = []
    /// What the open parts of the path are, by their names.
    var captures: [String: String] = [:]
    /// Of the request's body; nil if it has none.
    var body: ValueSchema?
    var answer: Answer
    /// With sentences as text: what the caller did wrong is 400 always.
    var refusals: [Int] = []
    /// Whether `?index=` and `?wait=` make it wait for a change.
    var canBlock = false
}

/// A value of JSON, as a schema.
indirect enum ValueSchema: Sendable {
    case text, integer, number, boolean, time
    case oneOf([String])
    /// Of 64 bits.
    case natural
    /// As Go writes it, such as `1h30m`; shorter than what 64 bits of nanoseconds hold.
    case span
    case list(ValueSchema)
    case map(ValueSchema)
    /// Further keys may come; all of these are there.
    case object([(key: String, value: ValueSchema)])
    case orNull(ValueSchema)
    /// A key that may be left out.
    case optional(ValueSchema)
    /// Described elsewhere.
    case anyObject

    var isOptional: Bool {
        if case .optional = self { return true }
        return false
    }
}

extension JSONWriter {
    mutating func schema(_ schema: ValueSchema) {
        switch schema {
        case .optional(let schema): self.schema(schema)
        case .orNull(let schema):
            object { json in
                json.list("anyOf") { json in
                    json.schema(schema)
                    json.object { $0.field("type", "null") }
                }
            }
        default: object { $0.schemaFields(schema) }
        }
    }

    private mutating func schemaFields(_ schema: ValueSchema) {
        switch schema {
        case .text: field("type", "string")
        case .oneOf(let texts):
            field("type", "string")
            field("enum", texts)
        case .natural:
            field("type", "integer")
            field("minimum", 0)
            field("maximum", UInt64.max)
        case .span:
            field("type", "string")
            field("pattern", #"^(0|([0-9]{1,5}(\.[0-9]{1,9})?(ns|us|ms|s|m|h)){1,4})$"#)
        case .integer: field("type", "integer")
        case .number: field("type", "number")
        case .boolean: field("type", "boolean")
        case .time:
            field("type", "string")
            field("format", "date-time")
        case .list(let item):
            field("type", "array")
            key("items")
            self.schema(item)
        case .map(let value):
            field("type", "object")
            key("additionalProperties")
            self.schema(value)
        case .object(let fields):
            field("type", "object")
            field("required", fields.filter { !$0.value.isOptional }.map(\.key))
            object("properties") { json in
                for field in fields {
                    json.key(field.key)
                    json.schema(field.value)
                }
            }
        case .anyObject: field("type", "object")
        case .orNull, .optional: break  // Written above.
        }
    }
}
