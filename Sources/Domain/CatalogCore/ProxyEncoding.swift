package import DocumentCore

// A proxy in the JSON of Consul's catalog: the keys in its order, most of them left out while they say nothing.

extension ProxyConfiguration {
    /// Writes the fields of the proxy's object. Answers show them, and stored rows keep them.
    package func writeFields(to json: inout JSONWriter) {
        if let transparentProxy { json.object("TransparentProxy", transparentProxy.writeFields) }
        json.fieldIfNotEmpty("DestinationServiceName", destinationServiceName)
        json.fieldIfNotEmpty("DestinationServiceID", destinationServiceID)
        json.fieldIfNotEmpty("LocalServiceAddress", localServiceAddress)
        json.fieldIfNotZero("LocalServicePort", localServicePort)
        json.fieldIfNotEmpty("LocalServiceSocketPath", localServiceSocketPath)
        json.field("Mode", mode?.rawValue ?? "")
        if let config { json.field("Config", config) }
        if !upstreams.isEmpty {
            json.list("Upstreams", upstreams) { json, upstream in json.object(upstream.writeFields) }
        }
        json.gatewayMode(gatewayMode)
        json.object("Expose", expose.writeFields)
    }
}

extension Upstream {
    func writeFields(to json: inout JSONWriter) {
        json.field("DestinationType", destinationType.rawValue)
        json.fieldIfNotEmpty("DestinationNamespace", destinationNamespace)
        json.fieldIfNotEmpty("DestinationPartition", destinationPartition)
        json.fieldIfNotEmpty("DestinationPeer", destinationPeer)
        json.field("DestinationName", destinationName)
        json.field("Datacenter", datacenter)
        json.fieldIfNotEmpty("LocalBindAddress", localBindAddress)
        json.fieldIfNotZero("LocalBindPort", localBindPort)
        json.fieldIfNotEmpty("LocalBindSocketPath", localBindSocketPath)
        json.fieldIfNotEmpty("LocalBindSocketMode", localBindSocketMode)
        if let config { json.field("Config", config) }
        json.gatewayMode(gatewayMode)
    }
}

extension TransparentProxySettings {
    /// Shared with the config entries that have defaults for it.
    package func writeFields(to json: inout JSONWriter) {
        json.fieldIfNotZero("OutboundListenerPort", outboundListenerPort)
        json.fieldIfTrue("DialedDirectly", dialedDirectly)
    }
}

extension ExposedPaths {
    /// Shared with the config entries that have defaults for it.
    package func writeFields(to json: inout JSONWriter) {
        json.fieldIfTrue("Checks", checks)
        guard !paths.isEmpty else { return }
        json.list("Paths", paths) { json, path in
            json.object { json in
                json.fieldIfNotZero("ListenerPort", path.listenerPort)
                json.fieldIfNotEmpty("Path", path.path)
                json.fieldIfNotZero("LocalPathPort", path.localPathPort)
                json.fieldIfNotEmpty("Protocol", path.protocol)
            }
        }
    }
}

extension JSONWriter {
    /// `MeshGateway`, an empty object while no mode is set.
    package mutating func gatewayMode(_ setting: GatewayModeSetting?) {
        object("MeshGateway") { json in
            if let setting { json.field("Mode", setting.mode.rawValue) }
        }
    }
}
