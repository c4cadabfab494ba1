package import DocumentCore

extension ConfigEntry {
    /// Reads an entry out of a document: a file, or the value of a bootstrap list. Resources of Kubernetes are read as
    /// the entries that they stand for.
    ///
    /// All that is wrong goes to the collector. Problems whose code is `invalid` are of rules, all others of
    /// decoding.
    ///
    /// - Parameter unknown: what to do with keys that Consul does not know; it refuses them.
    /// - Returns: nil if the document is no entry at all; an entry that is incomplete if problems were reported.
    package static func decode(
        _ document: Document, unknown: UnknownKeys = .refuse, path: DocumentPath = .root,
        into collector: ProblemCollector
    ) -> ConfigEntry? {
        MapReader.read(document, unknown: unknown, path: path, into: collector) { map in
            guard !isResource(document) else { return decodeResource(&map) }
            guard let kind = kind(&map) else {
                _ = map.rest()
                return nil
            }
            return decode(kind, &map)
        }
    }

    /// Reads the body of a request.
    package static func decode(
        json: [UInt8], limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentProblems) -> ConfigEntry {
        let collector = ProblemCollector()
        let document: Document
        do {
            document = try JSONReader.read(json, limits: limits)
        } catch {
            throw DocumentProblems(problems: [DocumentProblem(error)])
        }
        return try collector.check(decode(document, into: collector))
    }

    /// The keys of the entries of a kind.
    package static func shape(of kind: ConfigEntryKind) -> MapShape {
        var shape = MapShape.learned(.refuse) { decode(kind, &$0) }
        shape.keys.insert(KeyShape("Kind", .constant(kind.rawValue)), at: 0)
        return shape
    }

    private static func kind(_ map: inout MapReader) -> ConfigEntryKind? {
        guard let text = map.string("Kind") else {
            if map.members.allSatisfy({ !keysMatch($0.key, "kind") }) {
                map.collector.problem(
                    .missing, at: map.position, "Payload does not contain a kind/Kind key at the top level")
            }
            return nil
        }
        if let kind = ConfigEntryKind(rawValue: text) { return kind }
        map.unknownKind(
            text, among: ConfigEntryKind.allCases.map(\.rawValue), consulWords: "invalid config entry kind: \(text)")
        return nil
    }

    private static func decode(_ kind: ConfigEntryKind, _ map: inout MapReader) -> ConfigEntry? {
        let name = checkedName(map.string("Name") ?? "", kind, map)
        let meta = map.stringMap("Meta") ?? [:]
        checkEntryMeta(meta, in: map)
        checkEdition(&map)
        map.ignore("Hash", "CreateIndex", "ModifyIndex", "RaftIndex")
        return ConfigEntry(name: name, content: content(of: kind, name: name, &map), meta: meta)
    }

    static func content(of kind: ConfigEntryKind, name: String, _ map: inout MapReader) -> Content {
        switch kind {
        case .exportedServices: .exportedServices(ExportedService.list(&map))
        case .mesh: .mesh(MeshSettings(&map))
        case .serviceDefaults: .serviceDefaults(ServiceDefaults(&map))
        case .proxyDefaults: .proxyDefaults(ProxyDefaults(&map))
        case .serviceIntentions: .serviceIntentions(ServiceIntentions(&map, destination: name))
        case .serviceResolver: .serviceResolver(map.rest())
        case .serviceRouter: .serviceRouter(map.rest())
        case .serviceSplitter: .serviceSplitter(map.rest())
        }
    }

    static func checkedName(_ name: String, _ kind: ConfigEntryKind, _ map: MapReader) -> String {
        if kind.onlyName == nil { map.requireName(name, "Name") }
        switch kind {
        case .exportedServices:
            if name != "default" {
                map.consulRefuses("Name", "must be \"default\"", as: "exported-services Name must be \"default\"")
            }
        case .mesh, .proxyDefaults:
            let only = kind.onlyName ?? ""
            if name.isEmpty { return only }
            if name != only {
                map.consulRefuses("Name", "invalid name (\(quoted(name))), only \"\(only)\" is supported")
            }
        case .serviceDefaults, .serviceResolver, .serviceRouter, .serviceSplitter:
            if name.isEmpty { map.consulRefuses("Name", "is required", as: "Name is required") }
            if name == "*" {
                map.consulRefuses(
                    "Name", "must be the name of a service, and not a wildcard",
                    as: "\(kind.rawValue) name must be the name of a service, and not a wildcard")
            }
        case .serviceIntentions:
            if name.isEmpty { map.consulRefuses("Name", "is required", as: "Name is required") }
            if name != "*", name.contains("*") { map.refusePartialWildcard("Name", as: "Name") }
        }
        return name
    }
}

extension MapReader {
    /// Reports a kind that there is not, with the one that was probably meant.
    func unknownKind(_ text: String, among names: [String], consulWords: String? = nil) {
        let suggestion = nearest(to: text, among: names)
        let hint = suggestion.map { "did you mean `\($0)`?" } ?? "the kinds are \(inWords(names))"
        problem(
            .wrongType, "Kind", "unknown kind `\(shown(text))`; \(hint)", consulWords: consulWords,
            suggestion: suggestion)
    }

    /// - Parameter words: how Consul names the key behind the map's context.
    func refusePartialWildcard(_ key: String, as words: String) {
        let rule = "wildcard character '*' cannot be used with partial values"
        consulRefuses(key, rule, as: "\(words): \(rule)")
    }
}
