import CatalogCore
import DocumentCore

extension JSONWriter {
    /// An entry of a health query.
    mutating func healthEntry(_ entry: InstanceEntry) {
        object { json in
            json.key("Node")
            json.node(entry.nodeEntry)
            json.key("Service")
            json.service(entry.instance.service, entry)
            json.list("Checks", entry.checks) { json, check in json.check(check) }
        }
    }

    /// An entry of `/v1/catalog/service`: node and service in one flat object.
    mutating func catalogEntry(_ entry: InstanceEntry) {
        let node = entry.instance.node
        let service = entry.instance.service
        object { json in
            json.field("ID", node.id)
            json.field("Node", node.name)
            json.field("Address", node.address)
            json.field("Datacenter", node.datacenter)
            json.fieldOrNull("TaggedAddresses", map: node.taggedAddresses)
            json.fieldOrNull("NodeMeta", map: node.meta)
            json.field("ServiceKind", service.kind.rawValue)
            json.field("ServiceID", service.id)
            json.field("ServiceName", service.service)
            json.field("ServiceTags", service.tags)
            json.field("ServiceAddress", service.address)
            json.taggedAddresses("ServiceTaggedAddresses", service.taggedAddresses)
            json.weights("ServiceWeights", service.weights)
            json.field("ServiceMeta", service.meta)
            json.field("ServicePort", service.port)
            json.field("ServiceSocketPath", service.socketPath)
            json.field("ServiceEnableTagOverride", service.enableTagOverride)
            json.proxy("ServiceProxy", service.proxy)
            json.connect("ServiceConnect", service)
            json.fieldIfNotEmpty("PeerName", entry.peer)
            json.indexes(entry.indexes)
        }
    }

    /// An entry of `/v1/agent/services`, and with its hash the answer of `/v1/agent/service`.
    mutating func agentService(_ service: NodeService, datacenter: String, contentHash: String? = nil) {
        object { json in
            json.fieldIfNotEmpty("Kind", service.kind.rawValue)
            json.field("ID", service.id)
            json.field("Service", service.service)
            json.field("Tags", service.tags)
            json.field("Meta", service.meta)
            json.field("Port", service.port)
            json.field("Address", service.address)
            json.taggedAddresses("TaggedAddresses", service.taggedAddresses)
            json.fieldIfNotEmpty("SocketPath", service.socketPath)
            json.weights("Weights", service.weights)
            json.field("EnableTagOverride", service.enableTagOverride)
            if let contentHash { json.field("ContentHash", contentHash) }
            if service.proxy != nil { json.proxy("Proxy", service.proxy) }
            if service.connectNative { json.connect("Connect", service) }
            json.field("Datacenter", datacenter)
        }
    }

    /// A node as `/v1/catalog/nodes` lists it.
    mutating func node(_ entry: NodeEntry) {
        let node = entry.node
        object { json in
            json.field("ID", node.id)
            json.field("Node", node.name)
            json.field("Address", node.address)
            json.field("Datacenter", node.datacenter)
            json.fieldIfNotEmpty("PeerName", entry.peer)
            json.fieldOrNull("TaggedAddresses", map: node.taggedAddresses)
            json.fieldOrNull("Meta", map: node.meta)
            json.locality(node.locality)
            json.indexes(entry.indexes)
        }
    }

    /// A service as `/v1/catalog/node` lists it.
    mutating func service(_ service: NodeService, _ entry: InstanceEntry) {
        object { json in
            json.fieldIfNotEmpty("Kind", service.kind.rawValue)
            json.field("ID", service.id)
            json.field("Service", service.service)
            json.field("Tags", service.tags)
            json.field("Address", service.address)
            json.taggedAddresses("TaggedAddresses", service.taggedAddresses)
            json.fieldOrNull("Meta", map: service.meta)
            json.field("Port", service.port)
            if !service.ports.isEmpty { json.list("Ports", service.ports) { $0.port($1) } }
            json.fieldIfNotEmpty("SocketPath", service.socketPath)
            json.weights("Weights", service.weights)
            json.field("EnableTagOverride", service.enableTagOverride)
            json.proxy("Proxy", service.proxy)
            json.connect("Connect", service)
            json.locality(service.locality)
            json.fieldIfNotEmpty("PeerName", entry.peer)
            json.indexes(entry.indexes)
        }
    }

    /// An entry of `/v1/agent/checks`: what the agent has of its own carries no indexes, as in Consul.
    mutating func agentCheck(_ check: HealthCheck) {
        self.check(CheckEntry(check: check, peer: "", indexes: RowIndexes(create: 0, modify: 0)))
    }

    /// A check as health queries list it. Those that were registered with an agent show no definition: Consul keeps that
    /// to itself.
    mutating func check(_ entry: CheckEntry) {
        let check = entry.check
        object { json in
            json.field("Node", check.node)
            json.field("CheckID", check.checkID)
            json.field("Name", check.name)
            json.field("Status", check.status.rawValue)
            json.field("Notes", check.notes)
            json.field("Output", check.output)
            json.field("ServiceID", check.serviceID)
            json.field("ServiceName", check.serviceName)
            json.field("ServiceTags", check.serviceTags)
            json.field("Type", check.type)
            json.field("Interval", check.interval)
            json.field("Timeout", check.timeout)
            json.field("ExposedPort", 0)
            json.fieldIfNotEmpty("PeerName", entry.peer)
            json.object("Definition") { $0.fields(check.definition) }
            json.indexes(entry.indexes)
        }
    }

    // MARK: Parts

    private mutating func indexes(_ indexes: RowIndexes) {
        field("CreateIndex", indexes.create)
        field("ModifyIndex", indexes.modify)
    }

    /// Go writes a map that was never made as null.
    private mutating func fieldOrNull(_ key: String, map: [String: String]) {
        if map.isEmpty { nullField(key) } else { field(key, map) }
    }

    private mutating func taggedAddresses(_ key: String, _ addresses: [String: ServiceAddress]) {
        guard !addresses.isEmpty else { return }
        object(key) { json in
            for (name, address) in addresses.sorted(by: { $0.key < $1.key }) {
                json.object(name) {
                    $0.field("Address", address.address)
                    $0.field("Port", address.port)
                }
            }
        }
    }

    private mutating func weights(_ key: String, _ weights: Weights?) {
        let weights = weights ?? Weights()
        object(key) {
            $0.field("Passing", weights.passing)
            $0.field("Warning", weights.warning)
        }
    }

    private mutating func port(_ port: ServicePort) {
        object {
            $0.field("Port", port.port)
            $0.field("Name", port.name)
            $0.field("Default", port.isDefault)
        }
    }

    private mutating func locality(_ locality: Locality?) {
        guard let locality else { return }
        object("Locality") {
            $0.field("Region", locality.region)
            $0.field("Zone", locality.zone)
        }
    }

    private mutating func proxy(_ key: String, _ proxy: ProxyConfiguration?) {
        object(key, (proxy ?? ProxyConfiguration()).writeFields)
    }

    private mutating func connect(_ key: String, _ service: NodeService) {
        object(key) { json in
            if service.connectNative { json.field("Native", true) }
            guard let meta = service.peerMeta else { return }
            json.object("PeerMeta") {
                $0.field("SNI", meta.sni)
                $0.field("SpiffeID", meta.spiffeID)
                $0.field("Protocol", meta.protocol)
            }
        }
    }
}
