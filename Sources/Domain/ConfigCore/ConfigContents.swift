package import CatalogCore
package import DocumentCore

/// A value with the place it was read from.
package struct Located<Value> {
    package var value: Value
    package var position: DocumentPosition

    package init(_ value: Value, at position: DocumentPosition) {
        self.value = value
        self.position = position
    }
}

extension Located: Sendable where Value: Sendable {}

/// What one document of a configuration file says: settings, services and config entries, in any mixture.
package struct ConfigContents: Sendable {
    package var agent = AgentConfiguration()
    package var registrations: [Located<Registration>] = []
    package var entries: [Located<ConfigEntry>] = []

    package init() {}

    /// Adds what another document of the same file says.
    package mutating func append(_ later: ConfigContents) {
        agent = agent.merging(later.agent)
        registrations += later.registrations
        entries += later.entries
    }

    /// Reads a document of a file. It is a config entry if its top level has the `Kind` of one or if it is a resource of
    /// Kubernetes, and else an agent file:
    /// `service`, `services` and `config_entries.bootstrap` beside settings.
    ///
    /// What is wrong goes to the collector; the result is of use only if nothing did.
    package static func decode(_ document: Document, into collector: ProblemCollector) -> ConfigContents {
        var contents = ConfigContents()
        if case .null = document.content { return contents }
        if isConfigEntry(document) {
            if let entry = ConfigEntry.decode(document, into: collector) {
                contents.entries.append(Located(entry, at: document.position))
            }
            return contents
        }
        return MapReader.read(document, unknown: .warn, into: collector) { ConfigContents(&$0) } ?? contents
    }

    /// Reads an agent file.
    init(_ map: inout MapReader) {
        agent = AgentConfiguration(&map)
        readServices("service", &map)
        readServices("services", &map)
        readEntries(&map)
    }

    /// A kind that is known decides, as an `exported-services` entry has `Services` too. One that is not stands for a
    /// mistyped entry, unless the document defines services.
    private static func isConfigEntry(_ document: Document) -> Bool {
        if ConfigEntry.isResource(document) { return true }
        guard let members = document.map, let kind = members.first(where: { keysMatch($0.key, "kind") }) else {
            return false
        }
        if let name = kind.value.string, ConfigEntryKind(rawValue: name) != nil { return true }
        return !members.contains { keysMatch($0.key, "service") || keysMatch($0.key, "services") }
    }

    private mutating func readServices(_ key: String, _ map: inout MapReader) {
        let lists = map.maps(key, unknown: .refuse) { service in
            let position = service.position
            return ServiceDefinition.registrations(&service).map { Located($0, at: position) }
        }
        for list in lists ?? [] { registrations += list }
    }

    private static var entryShapes: DocumentShape {
        .listOfAny(ConfigEntryKind.allCases.map(ConfigEntry.shape))
    }

    private mutating func readEntries(_ map: inout MapReader) {
        _ = map.map("config_entries", unknown: .refuse) { section -> Void? in
            guard let member = section.member("bootstrap", Self.entryShapes) else { return }
            let path = section.path.key(member.key)
            // Read with a reader of its own for each, as the kind decides which keys there are.
            let items = member.value.list ?? [member.value]
            for (index, item) in items.enumerated() {
                if let entry = ConfigEntry.decode(item, path: path.index(index), into: section.collector) {
                    entries.append(Located(entry, at: item.position))
                }
            }
        }
    }
}
