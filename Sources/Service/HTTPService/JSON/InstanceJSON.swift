import CatalogCore
import DocumentCore

/// One instance with where it comes from and the index of its row.
struct InstanceEntry: Sendable {
    var instance: ServiceInstance
    /// Empty for an instance of this cluster.
    var peer: String
    var createIndex: UInt64
    var modifyIndex: UInt64
}

extension JSONWriter {
    /// An entry of a health query.
    mutating func healthEntry(_ entry: InstanceEntry) {
        object { json in
            json.key("Node")
            json.node(entry.instance.node, entry)
            json.key("Service")
            json.service(entry.instance.service, entry)
            json.list("Checks", entry.instance.checks) { json, check in json.check(check, entry) }
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
            json.field("CreateIndex", entry.createIndex)
            json.field("ModifyIndex", entry.modifyIndex)
        }
    }

    /// An entry of `/v1/agent/services`.
    mutating func agentService(_ service: NodeService, datacenter: String) {
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
            if service.proxy != nil { json.proxy("Proxy", service.proxy) }
            if service.connectNative { json.connect("Connect", service) }
            json.field("Datacenter", datacenter)
        }
    }

    private mutating func node(_ node: Node, _ entry: InstanceEntry) {
        object { json in
            json.field("ID", node.id)
            json.field("Node", node.name)
            json.field("Address", node.address)
            json.field("Datacenter", node.datacenter)
            json.fieldIfNotEmpty("PeerName", entry.peer)
            json.fieldOrNull("TaggedAddresses", map: node.taggedAddresses)
            json.fieldOrNull("Meta", map: node.meta)
            json.locality(node.locality)
            json.indexes(entry)
        }
    }

    private mutating func service(_ service: NodeService, _ entry: InstanceEntry) {
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
            json.indexes(entry)
        }
    }

    private mutating func check(_ check: HealthCheck, _ entry: InstanceEntry) {
        let isOfService = !check.serviceID.isEmpty
        var check = check
        if check.node.isEmpty { check.node = entry.instance.node.name }
        if check.serviceTags.isEmpty, isOfService { check.serviceTags = entry.instance.service.tags }
        self.check(check, peer: entry.peer) { $0.indexes(entry) }
    }

    /// An entry of `/v1/agent/checks`: what the agent has of its own carries no indexes, as in Consul.
    mutating func agentCheck(_ check: HealthCheck) {
        self.check(check, peer: "") { json in
            json.field("CreateIndex", 0)
            json.field("ModifyIndex", 0)
        }
    }

    /// Checks that were registered with an agent show no definition: Consul keeps that to itself.
    private mutating func check(_ check: HealthCheck, peer: String, indexes: (inout JSONWriter) -> Void) {
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
            json.fieldIfNotEmpty("PeerName", peer)
            json.object("Definition") { _ in }
            indexes(&json)
        }
    }

    // MARK: Parts

    private mutating func indexes(_ entry: InstanceEntry) {
        field("CreateIndex", entry.createIndex)
        field("ModifyIndex", entry.modifyIndex)
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
