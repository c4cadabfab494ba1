import CatalogCore

/// The names that nodes and addresses have, seen from where a service was found.
struct NameScope {
    private let nodes: [String]
    private let addresses: [String]

    /// The datacenter stands in the names of this cluster; what is a peer's has the peer there, or nothing.
    init(_ zone: [String], _ place: NameLookup.Place, _ settings: NameSettings) {
        switch place {
        case .own:
            nodes = ["node", settings.datacenter] + zone
            addresses = ["addr", settings.datacenter] + zone
        case .peer(let peer):
            nodes = ["node", peer, "peer"] + zone
            addresses = ["addr"] + zone
        }
    }

    func target(ofNode name: String) -> [String] { NameSettings.labels(name) + nodes }

    func target(of address: IPAddress) -> [String] { [address.hexadecimal] + addresses }
}

extension NameDirectory {
    /// - Returns: nil if nobody is left to be named, as if the service were not there.
    func records(
        of instances: [ServiceInstance], ofService name: String, _ interest: NameInterest, _ scope: NameScope,
        _ random: inout some RandomNumberGenerator
    ) -> NameAnswer? {
        guard !instances.isEmpty else { return nil }
        var instances = instances
        // Only as many are drawn as find room.
        for index in 0..<min(instances.count, maxRecords) {
            instances.swapAt(index, Int.random(in: index..<instances.count, using: &random))
        }
        let ttl = settings.serviceTTL(of: name)
        if interest == .srv { return services(instances, scope, ttl) }
        let places = instances.map { $0.service.address.isEmpty ? $0.node.address : $0.service.address }
        return NameAnswer(verdict: .known, answers: addresses(places, interest, ttl))
    }

    func records(of node: Node, _ interest: NameInterest) -> NameAnswer {
        var answers = addresses([node.address], interest, settings.nodeTTL)
        if interest == .txt || interest == .any {
            answers += node.meta.sorted { $0.key < $1.key }.map { key, value in
                record(.text(Self.text(key: key, value: value)), settings.nodeTTL)
            }
        }
        return NameAnswer(verdict: .known, answers: Array(answers.prefix(maxRecords)))
    }

    /// Each address once. A host name among them becomes an alias if there is nothing better: a name with an alias has
    /// no other records.
    private func addresses(_ places: [String], _ interest: NameInterest, _ ttl: UInt32) -> [NameRecord] {
        guard [.a, .aaaa, .cname, .any].contains(interest) else { return [] }
        let limit = min(settings.addressLimit ?? .max, maxRecords)
        var seen: Set<IPAddress> = []
        var records: [NameRecord] = []
        var host: String?
        for place in places where records.count < limit {
            guard let address = IPAddress(place) else {
                host = host ?? (place.isEmpty ? nil : place)
                continue
            }
            guard address.isWanted(interest), seen.insert(address).inserted else { continue }
            records.append(record(.address(address), ttl))
        }
        guard records.isEmpty, let host else { return records }
        return [record(.alias(NameSettings.labels(host)), ttl)]
    }

    // MARK: Services

    private struct Endpoint: Hashable {
        var target: [String]
        var port: Int
    }

    private func services(_ instances: [ServiceInstance], _ scope: NameScope, _ ttl: UInt32) -> NameAnswer {
        var answer = NameAnswer(verdict: .known)
        var seen: Set<Endpoint> = []
        var described: Set<[String]> = []
        for instance in instances where answer.answers.count < maxRecords {
            guard let (target, address) = target(of: instance, scope) else { continue }
            let port = instance.service.port
            guard seen.insert(Endpoint(target: target, port: port)).inserted else { continue }
            let fact = NameFact.service(weight: Self.weight(of: instance), port: UInt16(clamping: port), target: target)
            answer.answers.append(record(fact, ttl))
            if let address, described.insert(target).inserted {
                answer.additionals.append(record(.address(address), ttl, of: target))
            }
        }
        return answer
    }

    /// The name that an instance is reached under, and its address if the name is ours. A host name stands for itself: a
    /// target may be no alias (RFC 2782).
    private func target(of instance: ServiceInstance, _ scope: NameScope) -> (name: [String], address: IPAddress?)? {
        let isOnNode = instance.service.address.isEmpty
        let text = isOnNode ? instance.node.address : instance.service.address
        guard let address = IPAddress(text) else {
            let labels = NameSettings.labels(text)
            return labels.isEmpty ? nil : (labels, nil)
        }
        let isNamed = isOnNode && NameSettings.labels(instance.node.name).allSatisfy { $0.utf8.count <= maxLabelBytes }
        return (isNamed ? scope.target(ofNode: instance.node.name) : scope.target(of: address), address)
    }

    /// Of one label in DNS.
    private var maxLabelBytes: Int { 63 }

    private static func weight(of instance: ServiceInstance) -> UInt16 {
        let weights = instance.service.weights ?? Weights()
        let isWarning = instance.checks.contains { $0.status == .warning }
        return UInt16(clamping: isWarning ? weights.warning : weights.passing)
    }

    // MARK: Texts

    /// `key=value` (RFC 1464), or the value alone under a key that begins with `rfc1035-`.
    private static func text(key: String, value: String) -> String {
        if key.lowercased().hasPrefix("rfc1035-") { return value }
        let quoted = key.flatMap { character in
            character == "=" || character == "`" ? "`\(character)" : "\(character)"
        }
        return "\(String(quoted))=\(value)"
    }
}
