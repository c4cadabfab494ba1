package import DocumentCore

// The requests that intentions tell apart, out of documents and back (gateway data plane, section 6.5).

extension IntentionPermission {
    init(_ map: inout MapReader) {
        let action = map.intentionAction()
        map.requireIntentionAction(action)
        self.init(action: action ?? .deny)
        let context = map.context + ".HTTP"
        let hasMatch: Void? = map.map("HTTP", context: context) { http in
            path = Self.path(&http)
            headers = http.maps("Header", context: { "\(context).Header[\($0)]" }) { HeaderMatch(&$0) } ?? []
            methods = Self.methods(&http)
            let isEmpty = http.members.allSatisfy { $0.value.list?.isEmpty ?? ($0.value.string == "") }
            if isEmpty { http.consulRefuses(nil, "should not be empty", as: " should not be empty") }
        }
        if hasMatch == nil { map.consulRefuses("HTTP", "is required", as: ".HTTP is required") }
        tokens = map.intentionTokens()
    }

    private static func path(_ map: inout MapReader) -> PathMatch? {
        let exact = map.string("PathExact") ?? ""
        let prefix = map.string("PathPrefix") ?? ""
        let regex = map.string("PathRegex") ?? ""
        for (key, value) in [("PathExact", exact), ("PathPrefix", prefix)] where !value.isEmpty {
            guard !value.hasPrefix("/") else { continue }
            let rule = "doesn't start with '/': \(quoted(value))"
            map.consulRefuses(key, rule, as: ".\(key) \(rule)")
        }
        if [exact, prefix, regex].count(where: { !$0.isEmpty }) > 1 {
            let rule = "should only contain at most one of PathExact, PathPrefix, or PathRegex"
            map.consulRefuses(nil, rule, as: " \(rule)")
        }
        if !exact.isEmpty { return .exact(exact) }
        if !prefix.isEmpty { return .prefix(prefix) }
        return regex.isEmpty ? nil : .regex(regex)
    }

    private static let knownMethods: Set = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE",
    ]

    private static func methods(_ map: inout MapReader) -> [String] {
        let methods = (map.strings("Methods") ?? []).map { $0.uppercased() }
        var seen: Set<String> = []
        for method in methods {
            if !knownMethods.contains(method) {
                let rule = "contains an invalid method \(quoted(method))"
                map.consulRefuses("Methods", rule, as: ".Methods \(rule)")
            } else if !seen.insert(method).inserted {
                let rule = "contains \(quoted(method)) more than once"
                map.consulRefuses("Methods", rule, as: ".Methods \(rule)")
            }
        }
        return methods
    }
}

extension IntentionPermission.HeaderMatch {
    fileprivate init?(_ map: inout MapReader) {
        let name = map.string("Name") ?? ""
        let isPresent = map.bool("Present") ?? false
        let texts: [(String, (String) -> Rule)] = [
            (map.string("Exact") ?? "", Rule.exact), (map.string("Prefix") ?? "", Rule.prefix),
            (map.string("Suffix") ?? "", Rule.suffix), (map.string("Regex") ?? "", Rule.regex),
        ]
        let isInverted = map.bool("Invert") ?? false
        let rules = (isPresent ? [Rule.present] : []) + texts.filter { !$0.0.isEmpty }.map { $0.1($0.0) }
        if name.isEmpty { map.consulRefuses("Name", "missing required Name field", as: " missing required Name field") }
        guard let rule = rules.first, rules.count == 1 else {
            let rule = "should only contain one of Present, Exact, Prefix, Suffix, or Regex"
            map.consulRefuses(nil, rule, as: " \(rule)")
            return nil
        }
        self.init(name: name, rule: rule, isInverted: isInverted)
    }
}

// MARK: - Writing

extension ServiceIntentions {
    func writeFields(to json: inout JSONWriter) {
        json.list("Sources", sources) { json, source in
            json.object { json in
                json.field("Name", source.name)
                source.writeDecision(to: &json)
                json.field("Precedence", source.precedence)
                json.field("Type", "consul")
                json.fieldIfNotEmpty("Description", source.description)
                json.fieldIfNotEmpty("Peer", source.peer)
            }
        }
        if let tokens { json.field("JWT", tokens) }
    }
}

extension IntentionSource {
    /// The fields that say what the caller may do.
    package func writeDecision(to json: inout JSONWriter) {
        json.fieldIfNotEmpty("Action", action?.rawValue ?? "")
        guard !permissions.isEmpty else { return }
        json.list("Permissions", permissions) { json, permission in json.object(permission.writeFields) }
    }
}

extension IntentionPermission {
    fileprivate func writeFields(to json: inout JSONWriter) {
        json.field("Action", action.rawValue)
        json.object("HTTP") { json in
            switch path {
            case .exact(let path): json.field("PathExact", path)
            case .prefix(let path): json.field("PathPrefix", path)
            case .regex(let path): json.field("PathRegex", path)
            case nil: break
            }
            if !headers.isEmpty { json.list("Header", headers) { json, header in json.object(header.writeFields) } }
            json.fieldIfNotEmpty("Methods", methods)
        }
        if let tokens { json.field("JWT", tokens) }
    }
}

extension IntentionPermission.HeaderMatch {
    fileprivate func writeFields(to json: inout JSONWriter) {
        json.field("Name", name)
        switch rule {
        case .present: json.field("Present", true)
        case .exact(let text): json.field("Exact", text)
        case .prefix(let text): json.field("Prefix", text)
        case .suffix(let text): json.field("Suffix", text)
        case .regex(let text): json.field("Regex", text)
        }
        json.fieldIfTrue("Invert", isInverted)
    }
}
