package import DocumentCore

extension ConfigEntry {
    /// Reads an entry out of a document: a file, or the value of a bootstrap list.
    ///
    /// All that is wrong goes to the collector. Problems whose code is `invalid` are those of Consul's validation,
    /// in its words, and the HTTP API answers them with 500; all others are of decoding, answered with 400.
    ///
    /// - Returns: nil if the document is no entry at all; an entry that is incomplete if problems were reported.
    package static func decode(
        _ document: Document, path: DocumentPath = .root, into collector: ProblemCollector
    ) -> ConfigEntry? {
        MapReader.read(document, path: path, into: collector) { decode(&$0) }
    }

    /// Reads the body of a request, or a stored row.
    package static func decode(
        json: [UInt8], limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentProblems) -> ConfigEntry {
        let collector = ProblemCollector()
        let document: Document
        do {
            document = try JSONReader.read(json, limits: limits)
        } catch {
            throw DocumentProblems(error)
        }
        return try collector.check(decode(document, into: collector))
    }

    private static func decode(_ map: inout MapReader) -> ConfigEntry? {
        guard let kindText = map.string("Kind") else {
            if map.members.allSatisfy({ !keysMatch($0.key, "kind") }) {
                map.collector.problem(
                    .missing, at: map.position, "Payload does not contain a kind/Kind key at the top level")
            }
            _ = map.rest()
            return nil
        }
        guard let kind = ConfigEntryKind(rawValue: kindText) else {
            map.collector.problem(.wrongType, at: map.position, "invalid config entry kind: \(kindText)")
            _ = map.rest()
            return nil
        }
        let name = checkedName(map.string("Name") ?? "", kind, map)
        let meta = map.stringMap("Meta") ?? [:]
        checkEntryMeta(meta, in: map)
        checkEdition(&map)
        map.ignore("Hash", "CreateIndex", "ModifyIndex", "RaftIndex")
        return ConfigEntry(name: name, content: content(of: kind, &map), meta: meta)
    }

    private static func content(of kind: ConfigEntryKind, _ map: inout MapReader) -> Content {
        switch kind {
        case .exportedServices:
            return .exportedServices(map.maps("Services") { exportedService(&$0) } ?? [])
        case .mesh:
            return .mesh(mesh(&map))
        case .serviceDefaults:
            let name = map.string("Protocol") ?? ""
            return .serviceDefaults(protocol: name.lowercased(), others: map.rest())
        case .proxyDefaults:
            let config = map.member("Config")?.value
            if let config, config.map == nil {
                map.collector.problem(
                    .wrongType, at: config.position, path: "Config",
                    "must be a map, and \(config.kindInWords) stands here")
            }
            return .proxyDefaults(config: config, others: map.rest())
        case .serviceIntentions: return .serviceIntentions(map.rest())
        case .serviceResolver: return .serviceResolver(map.rest())
        case .serviceRouter: return .serviceRouter(map.rest())
        case .serviceSplitter: return .serviceSplitter(map.rest())
        }
    }

    private static func checkedName(_ name: String, _ kind: ConfigEntryKind, _ map: MapReader) -> String {
        switch kind {
        case .exportedServices:
            if name != "default" {
                map.invalid("Name", path: "", "exported-services Name must be \"default\"")
            }
        case .mesh, .proxyDefaults:
            let only = kind.onlyName ?? ""
            if name.isEmpty { return only }
            if name != only {
                map.invalid("Name", path: "", "invalid name (\(quoted(name))), only \"\(only)\" is supported")
            }
        case .serviceDefaults, .serviceResolver, .serviceRouter, .serviceSplitter:
            if name.isEmpty { map.invalid("Name", path: "", "Name is required") }
            if name == "*" { map.invalid("Name", path: "", "wildcard name is not allowed for \(kind.rawValue)") }
        case .serviceIntentions:
            if name.isEmpty { map.invalid("Name", path: "", "Name is required") }
        }
        return name
    }

    // MARK: - Kinds

    /// Consul's rules and words for one item of `Services`.
    private static func exportedService(_ map: inout MapReader) -> ExportedService? {
        let prefix = "Services[\(map.path.lastIndex)]"
        let name = map.string("Name") ?? ""
        let namespace = map.string("Namespace") ?? ""
        var consumers = 0
        let peers = map.maps("Consumers") { consumer in
            consumers += 1
            return exportedPeer(&consumer, prefix)
        }
        if name.isEmpty { map.invalid("Name", path: "", "\(prefix): service name cannot be empty") }
        if namespace == "*", name != "*" {
            map.invalid("Name", path: "", "\(prefix): service name must be wildcard if namespace is wildcard")
        } else if !namespace.isEmpty, namespace != "default" {
            map.invalid("Namespace", path: "", "\(prefix): \(EditionLimit.namespaces)")
        }
        if consumers == 0 { map.invalid("Consumers", path: "", "\(prefix): must have at least one consumer") }
        return ExportedService(name: name, peers: peers ?? [])
    }

    private static func exportedPeer(_ map: inout MapReader, _ service: String) -> String? {
        let prefix = "\(service).Consumers[\(map.path.lastIndex)]"
        let plain = map.string("Peer") ?? ""
        let alias = map.string("PeerName") ?? ""
        let peer = plain.isEmpty ? alias : plain
        let partition = map.string("Partition") ?? ""
        let group = map.string("SamenessGroup") ?? ""
        let given = [plain, alias, partition, group].count { !$0.isEmpty }
        if given > 1 {
            map.invalid(nil, path: "", "\(prefix): must define at most one of Peer, Partition, or SamenessGroup")
        } else if partition == "*" {
            map.invalid("Partition", path: "", "\(prefix): exporting to all partitions (wildcard) is not supported")
        } else if peer == "*" {
            map.invalid("Peer", path: "", "\(prefix): exporting to all peers (wildcard) is not supported")
        } else if !partition.isEmpty {
            map.invalid("Partition", path: "", "\(prefix): partitions are an enterprise-only feature")
        } else if !group.isEmpty {
            map.invalid("SamenessGroup", path: "", "\(prefix): sameness-groups are an enterprise-only feature")
        } else if peer.isEmpty {
            map.invalid(nil, path: "", "\(prefix): must name the Peer that may import the service")
        } else {
            return peer
        }
        return nil
    }

    private static func mesh(_ map: inout MapReader) -> MeshSettings {
        var settings = MeshSettings()
        settings.peerThroughMeshGateways = map.map("Peering") { $0.bool("PeerThroughMeshGateways") }
        settings.meshDestinationsOnly = map.map("TransparentProxy") { $0.bool("MeshDestinationsOnly") } ?? false
        for key in ["AllowEnablingPermissiveMutualTLS", "TLS", "HTTP", "ValidateClusters"] {
            if let member = map.member(key) { settings.others.append(member) }
        }
        return settings
    }
}

// MARK: - Rules of all entries and definitions

/// The words in which Consul's community edition refuses what only its enterprise edition has.
enum EditionLimit {
    static let partitions = "Partitions are a Consul Enterprise feature"
    static let namespaces = "Namespaces are a Consul Enterprise feature"
}

/// Refuses a partition or namespace that is not the only one there is.
func checkEdition(_ map: inout MapReader) {
    if let partition = map.string("Partition"), !partition.isEmpty, partition != "default" {
        map.invalid("Partition", EditionLimit.partitions)
    }
    if let namespace = map.string("Namespace"), !namespace.isEmpty, namespace != "default" {
        map.invalid("Namespace", EditionLimit.namespaces)
    }
}

/// Bounds of metadata, those of Consul (its metadata travels to every peer with each instance).
package enum MetaLimits {
    package static let maxPairs = 64
    package static let maxKeyLength = 128
    package static let maxValueLength = 512
}

/// The rule for config entries: any key, such as those that Kubernetes controllers set.
func checkEntryMeta(_ meta: [String: String], in map: MapReader) {
    if meta.count > MetaLimits.maxPairs {
        map.invalid("Meta", path: "", "Meta exceeds maximum element count \(MetaLimits.maxPairs)")
    }
    for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
        if key.utf8.count > MetaLimits.maxKeyLength {
            map.invalid(
                "Meta", path: "", "Meta key \(quoted(key)) exceeds maximum length \(MetaLimits.maxKeyLength)")
        }
        if value.utf8.count > MetaLimits.maxValueLength {
            map.invalid(
                "Meta", path: "",
                "Meta value for key \(quoted(key)) exceeds maximum length \(MetaLimits.maxValueLength)")
        }
    }
}

/// The rule for services.
func checkServiceMeta(_ meta: [String: String], in map: MapReader) {
    if meta.count > MetaLimits.maxPairs {
        map.invalid("meta", "Cannot contain more than \(MetaLimits.maxPairs) key/value pairs")
    }
    for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
        if let reason = metaProblem(key, value) {
            map.invalid("meta", "Couldn't load metadata pair (\(quoted(key)), \(quoted(value))): \(reason)")
        }
    }
}

private func metaProblem(_ key: String, _ value: String) -> String? {
    if key.isEmpty { return "Key cannot be blank" }
    if !key.utf8.allSatisfy(isNameByte) { return "Key contains invalid characters" }
    if key.utf8.count > MetaLimits.maxKeyLength {
        return "Key is too long (limit: \(MetaLimits.maxKeyLength) characters)"
    }
    if value.utf8.count > MetaLimits.maxValueLength {
        return "Value is too long (limit: \(MetaLimits.maxValueLength) characters)"
    }
    return nil
}

/// Letters, digits, `-` and `_`.
func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
    default: false
    }
}
