import CatalogCore
import IdentityCore

/// What else a request says about the instances that it wants: `?tag`, as often as wanted, `?node-meta=key:value`
/// likewise, and `?passing`. `?near` asks for an order by coordinates, which there are none of: the order stays.
struct InstanceDemands: Sendable {
    /// In lower case: tags are found in whatever case.
    private let tags: [String]
    private let nodeMeta: [(key: String, value: String)]
    private let onlyPassing: Bool

    init(_ query: RequestQuery) throws(Refusal) {
        tags = query.all("tag").map { $0.lowercased() }
        nodeMeta = query.all("node-meta").map { text in
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        onlyPassing = try query.flag("passing")
    }

    /// Those that have all of it. Whether they are passing only counts where health is asked for.
    func select(_ entries: [InstanceEntry], byHealth: Bool) -> [InstanceEntry] {
        guard !tags.isEmpty || !nodeMeta.isEmpty || (onlyPassing && byHealth) else { return entries }
        return entries.filter { entry in
            if byHealth, onlyPassing, !entry.isPassing { return false }
            let present = Set(entry.instance.service.tags.map { $0.lowercased() })
            return tags.allSatisfy(present.contains) && fits(entry.instance.node)
        }
    }

    /// Whether a node has the metadata that is asked for.
    func fits(_ node: Node) -> Bool { nodeMeta.allSatisfy { node.meta[$0.key] == $0.value } }
}
