import FilterCore

/// What filters may ask of each kind of answer: the fields of its JSON, but for opaque ones and the indexes.
extension FilterShape {
    private static let strings = FilterShape.list(.text)
    private static let meta = FilterShape.map(.text)
    private static let weights = FilterShape.object(["Passing": .number, "Warning": .number])
    private static let serviceAddresses = FilterShape.map(.object(["Address": .text, "Port": .number]))
    private static let locality = FilterShape.object(["Region": .text, "Zone": .text])
    private static let meshGateway = FilterShape.object(["Mode": .text])

    private static let proxy = FilterShape.object([
        "DestinationServiceName": .text, "DestinationServiceID": .text, "LocalServiceAddress": .text,
        "LocalServicePort": .number, "LocalServiceSocketPath": .text, "Mode": .text, "MeshGateway": meshGateway,
        "TransparentProxy": .object(["OutboundListenerPort": .number, "DialedDirectly": .boolean]),
        "Upstreams": .list(
            .object([
                "DestinationType": .text, "DestinationName": .text, "DestinationPeer": .text, "Datacenter": .text,
                "LocalBindAddress": .text, "LocalBindPort": .number, "MeshGateway": meshGateway,
            ])),
    ])

    private static let connect = FilterShape.object([
        "Native": .boolean,
        "PeerMeta": .object(["SNI": strings, "SpiffeID": strings, "Protocol": .text]),
    ])

    static let node = FilterShape.object([
        "ID": .text, "Node": .text, "Address": .text, "Datacenter": .text, "PeerName": .text,
        "TaggedAddresses": .map(.text), "Meta": meta, "Locality": locality,
    ])

    static let service = FilterShape.object([
        "Kind": .text, "ID": .text, "Service": .text, "Tags": strings, "Address": .text, "Port": .number,
        "TaggedAddresses": serviceAddresses, "Meta": meta, "SocketPath": .text, "Weights": weights,
        "EnableTagOverride": .boolean, "Proxy": proxy, "Connect": connect, "Locality": locality, "PeerName": .text,
        "Datacenter": .text,
    ])

    static let check = FilterShape.object([
        "Node": .text, "CheckID": .text, "Name": .text, "Status": .text, "Notes": .text, "Output": .text,
        "ServiceID": .text, "ServiceName": .text, "ServiceTags": strings, "Type": .text, "Interval": .text,
        "Timeout": .text, "PeerName": .text,
    ])

    /// An entry of a health query.
    static let healthEntry = FilterShape.object(["Node": node, "Service": service, "Checks": .list(check)])

    /// An entry of `/v1/catalog/service`.
    static let catalogEntry = FilterShape.object([
        "ID": .text, "Node": .text, "Address": .text, "Datacenter": .text, "TaggedAddresses": .map(.text),
        "NodeMeta": meta, "ServiceKind": .text, "ServiceID": .text, "ServiceName": .text, "ServiceTags": strings,
        "ServiceAddress": .text, "ServiceTaggedAddresses": serviceAddresses, "ServiceWeights": weights,
        "ServiceMeta": meta, "ServicePort": .number, "ServiceSocketPath": .text, "ServiceEnableTagOverride": .boolean,
        "ServiceProxy": proxy, "ServiceConnect": connect, "PeerName": .text,
    ])
}
