import DocumentCore

/// One service, or all of them, and the peers that may import it (protocol section 9).
package struct ExportedService: Hashable, Sendable {
    /// The service's name, or `*` for all but `consul`.
    package var name: String
    /// Local names of peerings; they need not exist yet.
    package var peers: [String]

    package init(name: String, peers: [String]) {
        self.name = name
        self.peers = peers
    }

    package var isWildcard: Bool { name == "*" }
}

extension ExportedService {
    /// Reads `Services` of an exported-services entry.
    static func list(_ map: inout MapReader) -> [ExportedService] {
        map.maps("Services", context: { "Services[\($0)]: " }) { service(&$0) } ?? []
    }

    private static func service(_ map: inout MapReader) -> ExportedService? {
        let name = map.name("Name") ?? ""
        let namespace = map.string("Namespace") ?? ""
        let index = map.path.lastIndex
        var consumers = 0
        let peers = map.maps("Consumers", context: { "Services[\(index)].Consumers[\($0)]: " }) { consumer in
            consumers += 1
            return peer(&consumer)
        }
        if name.isEmpty { map.consulRefuses("Name", "service name cannot be empty") }
        if namespace == "*", name != "*" {
            map.consulRefuses("Name", "service name must be wildcard if namespace is wildcard")
        } else if !namespace.isEmpty, namespace != "default" {
            map.consulRefuses("Namespace", EditionLimit.namespaces)
        }
        if consumers == 0 { map.consulRefuses("Consumers", "must have at least one consumer") }
        return ExportedService(name: name, peers: peers ?? [])
    }

    private static func peer(_ map: inout MapReader) -> String? {
        let plain = map.name("Peer") ?? ""
        let alias = map.name("PeerName") ?? ""
        let peer = plain.isEmpty ? alias : plain
        let partition = map.string("Partition") ?? ""
        let group = map.string("SamenessGroup") ?? ""
        let given = [plain, alias, partition, group].count { !$0.isEmpty }
        if given > 1 {
            map.consulRefuses(nil, "must define at most one of Peer, Partition, or SamenessGroup")
        } else if partition == "*" {
            map.consulRefuses("Partition", "exporting to all partitions (wildcard) is not supported")
        } else if peer == "*" {
            map.consulRefuses("Peer", "exporting to all peers (wildcard) is not supported")
        } else if !partition.isEmpty {
            map.consulRefuses("Partition", "partitions are an enterprise-only feature")
        } else if !group.isEmpty {
            map.consulRefuses("SamenessGroup", "sameness-groups are an enterprise-only feature")
        } else if peer.isEmpty {
            map.consulRefuses(nil, "must name the Peer that may import the service")
        } else {
            return peer
        }
        return nil
    }
}

extension JSONWriter {
    mutating func exportedServices(_ services: [ExportedService]) {
        list("Services", services) { json, service in
            json.object { json in
                json.field("Name", service.name)
                json.list("Consumers", service.peers) { json, peer in
                    json.object { $0.field("Peer", peer) }
                }
            }
        }
    }
}
