package import CatalogCore
package import DocumentCore

/// What the body of `PUT /v1/catalog/register` says: a node, maybe a service on it, and checks, with their states as
/// they are.
package struct CatalogDefinition: Sendable {
    package var node: Node
    package var skipsNodeUpdate: Bool
    package var service: NodeService?
    package var checks: [HealthCheck]

    package init?(_ map: inout MapReader) {
        let name = map.name("node") ?? ""
        let address = map.string("address") ?? ""
        node = Node(
            id: map.name("id") ?? "", name: name, address: address, datacenter: map.name("datacenter") ?? "",
            taggedAddresses: map.stringMap("tagged_addresses") ?? [:], meta: map.stringMap("node_meta") ?? [:],
            locality: ServiceDefinition.locality(&map))
        skipsNodeUpdate = map.bool("skip_node_update") ?? false
        service = map.map("service", ServiceDefinition.catalogService)
        checks = map.map("check", CheckDefinition.ofCatalog).map { [$0] } ?? []
        checks += map.maps("checks", CheckDefinition.ofCatalog) ?? []
        if name.isEmpty { map.consulRefuses("node", "Must provide node") }
        if address.isEmpty, !skipsNodeUpdate {
            map.consulRefuses("address", "Must provide address if SkipNodeUpdate is not set")
        }
        if let peer = map.string("peer_name"), !peer.isEmpty {
            map.consulRefuses("peer_name", "cannot register requests with PeerName in them")
        }
    }
}
