/// One imported service: the peer's own bytes, and how many instances are in them.
package struct ImportedService: Sendable {
    /// The encoded list of instances as the peer sent it.
    package var payload: [UInt8]
    package var instanceCount: Int
    package var createIndex: UInt64
    package var modifyIndex: UInt64
}

/// What one peer exports to us.
package struct ImportedCatalog: Sendable {
    package internal(set) var services = NameTable<ImportedService>()
    /// The peer's last list of what it exports, sorted; `nil` before the first.
    package internal(set) var announced: [String]?
    /// Of the last change of any of it.
    package internal(set) var modifyIndex: UInt64 = 0

    package init() {}

    /// Names that the list allows: each announced one and its synthetic proxy (protocol section 4.9).
    package static func allowedNames(by list: [String]) -> Set<String> {
        var names = Set(list)
        for name in list { names.insert(name + "-sidecar-proxy") }
        return names
    }
}
