import DocumentCore

// Rules that hold for all entries and definitions.

/// The words in which Consul's community edition refuses what only its enterprise edition has.
enum EditionLimit {
    static let partitions = "Partitions are a Consul Enterprise feature"
    static let namespaces = "Namespaces are a Consul Enterprise feature"
}

/// Refuses a partition or namespace that is not the only one there is.
func checkEdition(_ map: inout MapReader) {
    _ = map.edition("Partition", EditionLimit.partitions)
    _ = map.edition("Namespace", EditionLimit.namespaces)
}

extension MapReader {
    /// A partition or namespace, which may be named `default` and nothing else.
    mutating func edition(_ key: String, _ refusal: String) -> String {
        let name = string(key) ?? ""
        if !name.isEmpty, name != "default" { consulRefuses(key, refusal) }
        return name
    }
}

/// Bounds of metadata, those of Consul (its metadata travels to every peer with each instance).
package enum MetaLimits {
    package static let maxPairs = 64
    package static let maxKeyLength = 128
    package static let maxValueLength = 512
}

/// The rule for config entries: any key, such as those that Kubernetes controllers set.
func checkEntryMeta(_ meta: [String: String], in map: MapReader) {
    func refuse(_ rule: String) { map.consulRefuses("Meta", rule, as: "Meta \(rule)") }
    if meta.count > MetaLimits.maxPairs { refuse("exceeds maximum element count \(MetaLimits.maxPairs)") }
    for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
        if key.utf8.count > MetaLimits.maxKeyLength {
            refuse("key \(quoted(key)) exceeds maximum length \(MetaLimits.maxKeyLength)")
        }
        if value.utf8.count > MetaLimits.maxValueLength {
            refuse("value for key \(quoted(key)) exceeds maximum length \(MetaLimits.maxValueLength)")
        }
    }
}

/// The rule for services.
func checkServiceMeta(_ meta: [String: String], in map: MapReader) {
    if meta.count > MetaLimits.maxPairs {
        map.consulRefuses("meta", "Cannot contain more than \(MetaLimits.maxPairs) key/value pairs")
    }
    for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
        if let reason = metaProblem(key, value) {
            map.consulRefuses("meta", "Couldn't load metadata pair (\(quoted(key)), \(quoted(value))): \(reason)")
        }
    }
}

private func metaProblem(_ key: String, _ value: String) -> String? {
    if key.isEmpty { return "Key cannot be blank" }
    if !key.utf8.allSatisfy(isNameByte) { return "Key contains invalid characters" }
    if key.utf8.count > MetaLimits.maxKeyLength {
        return "Key is too long (limit: \(MetaLimits.maxKeyLength) characters)"
    }
    if value.utf8.count > MetaLimits.maxValueLength {
        return "Value is too long (limit: \(MetaLimits.maxValueLength) characters)"
    }
    return nil
}

/// Letters, digits, `-` and `_`.
func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
    default: false
    }
}
