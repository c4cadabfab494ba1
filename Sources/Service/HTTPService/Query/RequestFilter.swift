import CatalogCore
import DocumentCore
import FilterCore
import IdentityCore

/// `?filter=` of a request.
struct RequestFilter: Sendable {
    private let filter: Filter?

    /// - Parameter shape: of what is listed.
    init(_ query: RequestQuery, over shape: FilterShape) throws(Refusal) {
        guard let text = query.text("filter") else {
            filter = nil
            return
        }
        do throws(FilterError) {
            filter = try Filter(text, over: shape)
        } catch {
            throw Refusal(.invalid, "Failed to create boolean expression evaluator: \(error)")
        }
    }

    var isGiven: Bool { filter != nil }

    /// Those that it holds for, by what is written of them.
    func select<Item>(_ items: [Item], as write: (inout JSONWriter, Item) -> Void) -> [Item] {
        guard let filter else { return items }
        return items.filter { item in
            var json = JSONWriter()
            write(&json, item)
            // What the writer wrote can be read.
            guard let document = try? JSONReader.read(json.bytes) else { return false }
            return filter.matches(document)
        }
    }
}

extension RequestFilter {
    /// With the instances that it holds for; a group of which it holds for none is not there.
    func select(_ groups: [InstanceGroup]) -> [InstanceGroup] {
        guard isGiven else { return groups }
        return groups.compactMap { group in
            let entries = select(group.entries) { $0.healthEntry($1) }
            return entries.isEmpty ? nil : InstanceGroup(name: group.name, peer: group.peer, entries: entries)
        }
    }
}

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
