import CatalogCore
import ConfigCore
import ConfigFiles
import DocumentCore
import Testing

/// The files that `make demo` starts its two daemons with.
@Suite struct DemoConfigurationTests {
    struct Cluster: Sendable, CustomTestStringConvertible {
        var name: String
        var datacenter: String
        var peer: String
        var exported: [String]

        var testDescription: String { name }
    }

    private static let clusters = [
        Cluster(
            name: "harbor", datacenter: "dc1", peer: "island",
            exported: ["berths", "cranes", "customs", "manifests", "pilots", "tides", "weather"]),
        Cluster(name: "island", datacenter: "dc2", peer: "harbor", exported: ["*"]),
    ]

    @Test(arguments: clusters)
    func loadsWithoutWarnings(_ cluster: Cluster) throws {
        var loader = ConfigLoader([.directory(Self.demo + cluster.name)])
        let loaded = try loader.load()
        #expect(loaded.warnings.map(\.description) == [])
        #expect(loaded.agent.datacenter == cluster.datacenter)
        #expect(loaded.agent.nodeName == "\(cluster.name)-1")

        let names = Set(loaded.registrations.map(\.value.service.service))
        #expect(names.count == 12)
        #expect(loaded.registrations.count > names.count, "some services have several instances")
        #expect(loaded.registrations.allSatisfy { !$0.value.checks.isEmpty }, "every instance says how it is")

        let exports = loaded.entries.compactMap { entry -> [ExportedService]? in
            guard case .exportedServices(let services) = entry.value.content else { return nil }
            return services
        }
        #expect(exports.count == 1)
        #expect(exports.first?.map(\.name) == cluster.exported)
        #expect(exports.first?.allSatisfy { $0.peers == [cluster.peer] } == true)
        #expect(names.isSuperset(of: cluster.exported.filter { $0 != "*" }))
    }

    private static let demo = #filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined() + "/Deploy/demo/"
}
