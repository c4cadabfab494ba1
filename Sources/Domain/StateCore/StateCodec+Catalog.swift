import CatalogCore
import ConfigCore
import DocumentCore

extension StateCodec {
    // MARK: Config entries

    static func encode(_ stored: StoredConfigEntry) -> [UInt8] {
        stored.entry.json(createIndex: stored.createIndex, modifyIndex: stored.modifyIndex)
    }

    static func restoreConfigEntry(_ document: Document, into state: inout State) -> Bool {
        // It was right by the rules of its time: rules that came later must not keep the daemon from starting, and
        // what they refuse is left out.
        guard let entry = ConfigEntry.decode(document, unknown: .ignore, into: ProblemCollector()) else { return false }
        let indexes: (UInt64, UInt64)? = decode(document) { map in
            _ = map.rest()
            return (map.index("CreateIndex"), map.index("ModifyIndex"))
        }
        state.configEntries[entry.key] = StoredConfigEntry(
            entry: entry, source: .api, createIndex: indexes?.0 ?? 0, modifyIndex: indexes?.1 ?? 0)
        state.index = max(state.index, indexes?.1 ?? 0)
        return true
    }

    // MARK: Nodes that clients registered

    static func encode(_ stored: LocalNode) -> [UInt8] {
        let node = stored.node
        var json = JSONWriter()
        json.object {
            $0.field("ID", node.id)
            $0.field("Node", node.name)
            $0.field("Address", node.address)
            $0.field("Datacenter", node.datacenter)
            $0.field("TaggedAddresses", node.taggedAddresses)
            $0.field("Meta", node.meta)
            write(node.locality, to: &$0)
            $0.field("CreateIndex", stored.createIndex)
            $0.field("ModifyIndex", stored.modifyIndex)
        }
        return json.bytes
    }

    static func restoreNode(_ document: Document, into state: inout State) -> Bool {
        guard let stored = decode(document, decodeNode) else { return false }
        state.catalog.restore(stored)
        state.index = max(state.index, stored.modifyIndex)
        return true
    }

    private static func decodeNode(_ map: inout MapReader) -> LocalNode? {
        guard let name = map.string("Node") else { return nil }
        let node = Node(
            id: map.string("ID") ?? "", name: name, address: map.string("Address") ?? "",
            datacenter: map.string("Datacenter") ?? "", taggedAddresses: map.stringMap("TaggedAddresses") ?? [:],
            meta: map.stringMap("Meta") ?? [:], locality: decodeLocality(&map))
        return LocalNode(
            node: node, isExternal: true, createIndex: map.index("CreateIndex"), modifyIndex: map.index("ModifyIndex"))
    }

    private static func write(_ locality: Locality?, to json: inout JSONWriter) {
        guard let locality else { return }
        json.object("Locality") {
            $0.field("Region", locality.region)
            $0.field("Zone", locality.zone)
        }
    }

    private static func decodeLocality(_ map: inout MapReader) -> Locality? {
        map.map("Locality") { Locality(region: $0.string("Region") ?? "", zone: $0.string("Zone") ?? "") }
    }

    // MARK: Services that clients registered

    static func encode(_ instance: LocalInstance) -> [UInt8] {
        let service = instance.registration.service
        var json = JSONWriter()
        json.object {
            $0.field("Node", instance.key.node)
            $0.field("CreateIndex", instance.createIndex)
            $0.field("ModifyIndex", instance.modifyIndex)
            write(service, to: &$0)
            $0.list("Checks", instance.registration.checks) { json, check in
                json.object { write(check, to: &$0) }
            }
        }
        return json.bytes
    }

    private static func write(_ service: NodeService, to json: inout JSONWriter) {
        json.field("Kind", service.kind.rawValue)
        json.field("ID", service.id)
        json.field("Service", service.service)
        json.field("Tags", service.tags)
        json.field("Address", service.address)
        json.field("Port", service.port)
        json.list("Ports", service.ports) { json, port in
            json.object {
                $0.field("Port", port.port)
                $0.field("Name", port.name)
                $0.field("Default", port.isDefault)
            }
        }
        json.field("SocketPath", service.socketPath)
        json.object("TaggedAddresses") { json in
            for (tag, address) in service.taggedAddresses.sorted(by: { $0.key < $1.key }) {
                json.object(tag) {
                    $0.field("Address", address.address)
                    $0.field("Port", address.port)
                }
            }
        }
        json.field("Meta", service.meta)
        if let weights = service.weights {
            json.object("Weights") {
                $0.field("Passing", weights.passing)
                $0.field("Warning", weights.warning)
            }
        }
        json.field("EnableTagOverride", service.enableTagOverride)
        write(service.locality, to: &json)
        if let proxy = service.proxy { json.object("Proxy", proxy.writeFields) }
        json.field("ConnectNative", service.connectNative)
    }

    static func restoreInstance(_ document: Document, into state: inout State) -> Bool {
        guard let instance = decode(document, decodeInstance) else { return false }
        _ = state.catalog.put(
            instance.registration, at: instance.key, source: .api, index: instance.modifyIndex)
        state.index = max(state.index, instance.modifyIndex)
        return true
    }

    private static func decodeInstance(_ map: inout MapReader) -> LocalInstance? {
        guard let node = map.string("Node"), let service = decodeService(&map) else { return nil }
        return LocalInstance(
            key: InstanceKey(node: node, id: service.id),
            registration: Registration(service: service, checks: map.maps("Checks", decodeCheck) ?? []), source: .api,
            createIndex: map.index("CreateIndex"), modifyIndex: map.index("ModifyIndex"))
    }

    private static func decodeService(_ map: inout MapReader) -> NodeService? {
        guard let id = map.string("ID"), let name = map.string("Service") else { return nil }
        var service = NodeService(kind: ServiceKind(rawValue: map.string("Kind") ?? ""), id: id, service: name)
        service.tags = map.strings("Tags") ?? []
        service.address = map.string("Address") ?? ""
        service.port = map.integer("Port", in: 0...65_535) ?? 0
        service.ports =
            map.maps("Ports") { port in
                ServicePort(
                    port: port.integer("Port", in: 0...65_535) ?? 0, name: port.string("Name") ?? "",
                    isDefault: port.bool("Default") ?? false)
            } ?? []
        service.socketPath = map.string("SocketPath") ?? ""
        service.taggedAddresses =
            map.mapOfMaps("TaggedAddresses") { address in
                ServiceAddress(
                    address: address.string("Address") ?? "", port: address.integer("Port", in: 0...65_535) ?? 0)
            } ?? [:]
        service.meta = map.stringMap("Meta") ?? [:]
        service.weights = map.map("Weights") { weights in
            Weights(
                passing: weights.integer("Passing", in: 0...65_535) ?? 0,
                warning: weights.integer("Warning", in: 0...65_535) ?? 0)
        }
        service.enableTagOverride = map.bool("EnableTagOverride") ?? false
        service.locality = decodeLocality(&map)
        service.proxy = map.map("Proxy") { ProxyConfiguration(&$0) }
        service.connectNative = map.bool("ConnectNative") ?? false
        return service
    }
}
