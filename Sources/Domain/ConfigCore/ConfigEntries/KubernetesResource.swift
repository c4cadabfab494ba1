import DocumentCore

// A config entry as a custom resource of Kubernetes, the form that YAML files about Consul mostly have:
//
//     apiVersion: consul.hashicorp.com/v1alpha1
//     kind: ServiceDefaults
//     metadata: {name: web}
//     spec: {protocol: http}
//
// `spec` has the keys of the entry, which match in lower camel case too.

extension ConfigEntry {
    /// Whether a document is a resource of Kubernetes, of whatever kind.
    static func isResource(_ document: Document) -> Bool {
        document.map?.contains { $0.key == "apiVersion" } ?? false
    }

    /// Reads the entry that a resource stands for.
    static func decodeResource(_ map: inout MapReader) -> ConfigEntry? {
        checkVersion(&map)
        guard let kind = resourceKind(&map) else {
            _ = map.rest()
            return nil
        }
        // What the cluster that the resource comes from says of it.
        map.ignore("status")
        let metadata = map.map("metadata", unknown: .ignore) { metadata in
            let name = metadata.string("name") ?? ""
            return kind == .serviceIntentions ? name : checkedName(name, kind, metadata)
        }
        if metadata == nil { map.missing("metadata", "must name the entry") }
        let spec = map.map("spec") { content(of: kind, name: metadata ?? "", resource: &$0) }
        let empty = Document(.map([]), at: map.position)
        let found =
            spec
            ?? MapReader.read(empty, path: map.path.key("spec"), into: map.collector) {
                content(of: kind, name: metadata ?? "", resource: &$0)
            }
        return found.map { ConfigEntry(name: $0.name, content: $0.content) }
    }

    private static func checkVersion(_ map: inout MapReader) {
        let version = map.string("apiVersion") ?? ""
        guard version != "consul.hashicorp.com/v1alpha1" else { return }
        map.invalid("apiVersion", "must be consul.hashicorp.com/v1alpha1, and is \(quoted(version))")
    }

    private static func resourceKind(_ map: inout MapReader) -> ConfigEntryKind? {
        let text = map.string("kind") ?? ""
        if let kind = ConfigEntryKind.allCases.first(where: { $0.resourceName == text }) { return kind }
        map.unknownKind(text, among: ConfigEntryKind.allCases.map(\.resourceName))
        return nil
    }

    /// Intentions name their destination in the specification; elsewhere the resource has the entry's name.
    private static func content(
        of kind: ConfigEntryKind, name: String, resource map: inout MapReader
    ) -> (name: String, content: Content) {
        guard kind == .serviceIntentions else { return (name, content(of: kind, name: name, &map)) }
        let destination = map.map("destination") { destination in
            checkEdition(&destination)
            return checkedName(destination.string("name") ?? "", kind, destination)
        }
        if destination == nil { map.missing("destination", "must name the service that is called") }
        return (destination ?? "", content(of: kind, name: destination ?? "", &map))
    }
}

extension ConfigEntryKind {
    /// `ServiceDefaults` for `service-defaults`.
    var resourceName: String {
        rawValue.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
