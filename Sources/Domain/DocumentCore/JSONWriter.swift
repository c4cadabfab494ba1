/// Writes JSON the way Go's `encoding/json` does, into bytes: keys in the order of the calls, `<`, `>` and `&`
/// escaped, doubles as Go prints them, maps of strings sorted by key.
///
/// The writer places commas, line breaks and brackets itself, so what comes out is always well formed as long as
/// `object` gets fields and `list` gets values.
///
///     var json = JSONWriter(style: .pretty)
///     json.object {
///         $0.field("ID", peering.id)
///         $0.fieldIfNotEmpty("Meta", peering.meta)
///         $0.list("Addresses", peering.addresses) { $0.value($1) }
///         $0.object("Remote") { $0.field("Datacenter", "dc1") }
///     }
///     send(json.bytes)
package struct JSONWriter: Sendable {
    package enum Style: Sendable {
        /// No white space.
        case compact
        /// One value a line, four spaces a level; empty objects and lists stay `{}` and `[]`.
        case pretty
    }

    /// What was written so far.
    package private(set) var bytes: [UInt8] = []
    private let style: Style
    /// Bytes after which texts are left out: then the text is no JSON any more, and not to be used.
    private let limit: Int
    private var depth = 0
    /// Nothing stands yet in the innermost object or list.
    private var isFirst = true
    /// A key was written and its value follows.
    private var followsKey = false

    /// - Parameters:
    ///   - capacity: bytes to reserve, if the caller has an idea of the size.
    ///   - limit: bytes after which writing stops, and ``isOverLimit`` is set.
    package init(style: Style = .compact, capacity: Int = 0, limit: Int = .max) {
        self.style = style
        self.limit = limit
        bytes.reserveCapacity(capacity)
    }

    /// The text so far, for tests and for the command line.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    // MARK: - Objects and lists

    /// An object as a value; the closure writes its fields.
    package mutating func object(_ fields: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        fields(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func object(_ key: String, _ fields: (inout JSONWriter) -> Void) {
        self.key(key)
        object(fields)
    }

    /// A list as a value; the closure writes its items.
    package mutating func list(_ items: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "["))
        items(&self)
        close(UInt8(ascii: "]"))
    }

    package mutating func list(_ key: String, _ items: (inout JSONWriter) -> Void) {
        self.key(key)
        list(items)
    }

    package mutating func list<Items: Sequence>(_ items: Items, _ item: (inout JSONWriter, Items.Element) -> Void) {
        list { json in
            for element in items { item(&json, element) }
        }
    }

    package mutating func list<Items: Sequence>(
        _ key: String, _ items: Items, _ item: (inout JSONWriter, Items.Element) -> Void
    ) {
        self.key(key)
        list(items, item)
    }

    /// A key whose value the next call writes.
    package mutating func key(_ key: String) {
        beforeItem()
        isFirst = false
        appendString(key)
        bytes.append(UInt8(ascii: ":"))
        if style == .pretty { bytes.append(UInt8(ascii: " ")) }
        followsKey = true
    }

    // MARK: - Values

    package mutating func null() {
        beforeItem()
        append("null")
    }

    package mutating func value(_ value: String) {
        beforeItem()
        appendString(value)
    }

    package mutating func value(_ value: Bool) {
        beforeItem()
        append(value ? "true" : "false")
    }

    package mutating func value(_ value: some BinaryInteger) {
        beforeItem()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A double as Go prints it. JSON has no infinities and no NaN: those become null.
    package mutating func value(_ value: Double) {
        beforeItem()
        appendGoDouble(value, to: &bytes)
    }

    /// The keys in the order of their bytes, as Go sorts them.
    package mutating func value(_ value: [String: String]) {
        object { json in
            for (key, value) in value.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                json.field(key, value)
            }
        }
    }

    package mutating func value(_ value: [String]) {
        list(value) { $0.value($1) }
    }

    package mutating func value(_ document: Document) {
        switch document.content {
        case .null: null()
        case .bool(let value): self.value(value)
        case .integer(let value): self.value(value)
        case .number(let value): self.value(value)
        case .string(let value): self.value(value)
        case .list(let items): list(items) { $0.value($1) }
        case .map(let members): object { json in json.fields(members) }
        }
    }

    /// JSON that is known to be well formed and compact, as it is: a stored row inside an answer.
    package mutating func verbatim(_ json: [UInt8]) {
        beforeItem()
        bytes.append(contentsOf: json)
    }

    // MARK: - Layout

    private mutating func open(_ bracket: UInt8) {
        beforeItem()
        bytes.append(bracket)
        depth += 1
        isFirst = true
    }

    private mutating func close(_ bracket: UInt8) {
        depth -= 1
        if !isFirst { breakLine() }
        bytes.append(bracket)
        isFirst = false
    }

    private mutating func beforeItem() {
        if followsKey {
            followsKey = false
            return
        }
        guard depth > 0 else { return }
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        breakLine()
    }

    private mutating func breakLine() {
        guard style == .pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { append("    ") }
    }

    private mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: text.description.utf8)
    }

    /// Whether more was written than may be.
    package var isOverLimit: Bool { bytes.count > limit }

    private mutating func appendString(_ text: String) {
        if isOverLimit { return }
        bytes.append(UInt8(ascii: "\""))
        appendEscaped(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}

// MARK: - Fields

extension JSONWriter {
    package mutating func field(_ key: String, _ value: String) {
        self.key(key)
        self.value(value)
    }

    package mutating func field(_ key: String, _ value: Bool) {
        self.key(key)
        self.value(value)
    }

    package mutating func field(_ key: String, _ value: some BinaryInteger) {
        self.key(key)
        self.value(value)
    }

    package mutating func field(_ key: String, _ value: Double) {
        self.key(key)
        self.value(value)
    }

    package mutating func field(_ key: String, _ value: [String]) {
        self.key(key)
        self.value(value)
    }

    package mutating func field(_ key: String, _ value: [String: String]) {
        self.key(key)
        self.value(value)
    }

    package mutating func field(_ key: String, _ value: Document) {
        self.key(key)
        self.value(value)
    }

    package mutating func nullField(_ key: String) {
        self.key(key)
        null()
    }

    /// A value or null, as Go writes pointers and slices that may be nil.
    package mutating func fieldOrNull(_ key: String, _ value: String?) {
        if let value { field(key, value) } else { nullField(key) }
    }

    package mutating func fieldOrNull(_ key: String, _ value: [String]?) {
        if let value { field(key, value) } else { nullField(key) }
    }

    /// Nothing for an empty text: Go's `omitempty`. The same for the overloads below.
    package mutating func fieldIfNotEmpty(_ key: String, _ value: String) {
        if !value.isEmpty { field(key, value) }
    }

    package mutating func fieldIfNotEmpty(_ key: String, _ value: [String]) {
        if !value.isEmpty { field(key, value) }
    }

    package mutating func fieldIfNotEmpty(_ key: String, _ value: [String: String]) {
        if !value.isEmpty { field(key, value) }
    }

    package mutating func fieldIfTrue(_ key: String, _ value: Bool) {
        if value { field(key, true) }
    }

    package mutating func fieldIfNotZero(_ key: String, _ value: some BinaryInteger) {
        if value != 0 { field(key, value) }
    }

    package mutating func fields(_ members: [DocumentMember]) {
        for member in members { field(member.key, member.value) }
    }
}

extension Document {
    /// This document as JSON.
    package func json(_ style: JSONWriter.Style = .compact) -> [UInt8] {
        var json = JSONWriter(style: style)
        json.value(self)
        return json.bytes
    }
}
