package import DocumentCore
import HCL

extension ACLRules {
    /// Reads the rules of a policy, in HCL or JSON.
    ///
    /// - Throws: everything that is wrong, with its place: resources and values that there are not, rules without a
    ///   value, and text that is neither of the languages.
    package static func read(_ text: String, limits: ACLLimits = ACLLimits()) throws(DocumentProblems) -> ACLRules {
        let bytes = Array(text.utf8)
        let bounds = DocumentLimits(maxBytes: limits.maxRulesBytes, maxDepth: 8)
        let document: Document
        if bytes.first(where: { !isSpace($0) }) == UInt8(ascii: "{") {
            do throws(DocumentError) {
                document = try JSONReader.read(bytes, limits: bounds)
            } catch {
                throw DocumentProblems(error)
            }
        } else {
            document = try HCLReader.read(bytes, limits: bounds)
        }
        let collector = ProblemCollector()
        let rules = MapReader.read(document, into: collector) { ACLRules(&$0) }
        return try collector.check(rules)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte)
    }

    private static let scalarResources: [ACLResource] = [.acl, .keyring, .mesh, .operator, .peering]
    private static let namedResources: [ACLResource] = [.agent, .event, .key, .node, .query, .service, .session]

    private init(_ map: inout MapReader) {
        for resource in Self.scalarResources {
            scalars[resource] = Self.level(resource.rawValue, of: [.deny, .read, .write], &map)
        }
        for resource in Self.namedResources {
            let rules = NameRules(
                exact: Self.rules(resource.rawValue, resource, &map),
                prefixes: Self.rules("\(resource.rawValue)_prefix", resource, &map))
            if rules != NameRules() { named[resource] = rules }
        }
    }

    private static func rules(
        _ key: String, _ resource: ACLResource, _ map: inout MapReader
    ) -> [String: NameRule] {
        let levels: [AccessLevel] = resource == .key ? AccessLevel.allCases : [.deny, .read, .write]
        let rules = map.mapOfMaps(key) { rule -> NameRule? in
            let intentions = resource == .service ? level("intentions", of: [.deny, .read, .write], &rule) : nil
            guard let level = level("policy", of: levels, isRequired: true, &rule) else { return nil }
            return NameRule(level, intentions: intentions)
        }
        return rules ?? [:]
    }

    private static func level(
        _ key: String, of levels: [AccessLevel], isRequired: Bool = false, _ map: inout MapReader
    ) -> AccessLevel? {
        let names = levels.map(\.rawValue)
        let isThere = map.members.contains { keysMatch($0.key, key) }
        let text = map.string(key)
        if !isThere, isRequired { map.missing(key, "must be \(inWords(names))") }
        guard let text else { return nil }
        guard let level = levels.first(where: { $0.rawValue == text }) else {
            map.invalid(key, "must be \(inWords(names)), and is \(quoted(text))")
            return nil
        }
        return level
    }
}
