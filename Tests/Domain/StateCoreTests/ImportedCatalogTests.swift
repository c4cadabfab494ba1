import HawserTestKit
import Testing

@testable import StateCore

@Suite struct ImportedCatalogTests {
    private func service(_ nodes: [ImportedNode]?, count: Int = 1) -> ImportedService {
        ImportedService(payload: [], instanceCount: count, nodes: nodes, createIndex: 1, modifyIndex: 1)
    }

    /// Compares the index with a search over all services, after each of many changes.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func nodesAreFoundAsASearchFindsThem(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let names = ["n1", "N1", "n2", "N2", "n3"]
        var catalog = ImportedCatalog()
        var model: [String: ImportedService] = [:]
        for _ in 0..<1_000 {
            let name = random.one(of: ["a", "b", "c", "d"])
            if random.below(4) == 0 {
                #expect(catalog.remove(name)?.nodes == model.removeValue(forKey: name)?.nodes)
            } else {
                let nodes = names.filter { _ in random.below(3) == 0 }.map { node in
                    ImportedNode(name: node, address: random.one(of: ["10.0.0.1", "10.0.0.2"]))
                }
                let imported = service(random.below(8) == 0 ? nil : nodes, count: random.below(5))
                catalog.put(imported, named: name)
                model[name] = imported
            }
            #expect(catalog.instanceCount == model.values.map(\.instanceCount).reduce(0, +))
            #expect(Set(catalog.unreadServices) == Set(model.filter { $0.value.nodes == nil }.keys))
            for asked in ["n1", "N2", "n3", "none"] {
                let lowered = asked.lowercased()
                let known = model.compactMapValues { $0.nodes?.first { $0.name.lowercased() == lowered } }
                let found = catalog.node(named: asked)
                guard found.map({ known[$0.service] == $0.node }) ?? known.isEmpty else {
                    Issue.record("\(asked) is \(String(describing: found)), not one of \(known)")
                    return
                }
            }
        }
    }
}
