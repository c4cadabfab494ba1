package import DocumentCore

extension ConfigEntry {
    /// Writes the entry as a value, with the keys of Consul in its order. A mesh entry has no name there.
    ///
    /// - Parameter createIndex, modifyIndex: those of the row; the entry itself does not know them.
    package func write(to json: inout JSONWriter, createIndex: UInt64, modifyIndex: UInt64) {
        json.object { json in
            json.field("Kind", kind.rawValue)
            if kind != .mesh { json.field("Name", name) }
            writeContent(to: &json)
            json.fieldIfNotEmpty("Meta", meta)
            json.field("CreateIndex", createIndex)
            json.field("ModifyIndex", modifyIndex)
        }
    }

    package func json(
        createIndex: UInt64, modifyIndex: UInt64, style: JSONWriter.Style = .compact
    ) -> [UInt8] {
        var json = JSONWriter(style: style)
        write(to: &json, createIndex: createIndex, modifyIndex: modifyIndex)
        return json.bytes
    }

    private func writeContent(to json: inout JSONWriter) {
        switch content {
        case .exportedServices(let services):
            json.list("Services", services) { json, service in
                json.object { json in
                    json.field("Name", service.name)
                    json.list("Consumers", service.peers) { json, peer in
                        json.object { $0.field("Peer", peer) }
                    }
                }
            }
        case .mesh(let settings):
            json.object("TransparentProxy") { $0.field("MeshDestinationsOnly", settings.meshDestinationsOnly) }
            json.fields(settings.others)
            if let throughGateways = settings.peerThroughMeshGateways {
                json.object("Peering") { $0.field("PeerThroughMeshGateways", throughGateways) }
            }
        case .serviceDefaults(let name, let others):
            json.field("Protocol", name)
            json.fields(others)
        case .proxyDefaults(let config, let others):
            if let config { json.field("Config", config) }
            json.fields(others)
        case .serviceIntentions(let members), .serviceResolver(let members), .serviceRouter(let members),
            .serviceSplitter(let members):
            json.fields(members)
        }
    }
}
