package import ACLCore
package import CatalogCore
package import StateCore

/// Answers for names by the rules of Consul's DNS, over one snapshot of the state. A value: made for each question, on
/// any thread.
package struct NameDirectory {
    let settings: NameSettings
    let state: State
    /// Of who asks. What they may not see is not there.
    let authorizer: Authorizer
    /// Decodes the bytes that a peer sent for one service.
    let decode: ([UInt8]) -> [ServiceInstance]
    /// How many records an answer has at most: more find no room in the message.
    let maxRecords: Int
    /// Seconds since 1970.
    private let now: Int64

    package init(
        settings: NameSettings, state: State, authorizer: Authorizer, maxRecords: Int, now: Int64,
        decode: @escaping ([UInt8]) -> [ServiceInstance]
    ) {
        self.settings = settings
        self.state = state
        self.authorizer = authorizer
        self.maxRecords = maxRecords
        self.now = now
        self.decode = decode
    }

    /// - Parameters:
    ///   - labels: of the whole name, as the client wrote them.
    ///   - random: decides the order of what is equally good.
    package func answer(
        to labels: [String], _ interest: NameInterest, using random: inout some RandomNumberGenerator
    ) -> NameAnswer {
        guard let zone = zone(of: labels) else { return reverse(labels, interest) }
        let lookup = NameLookup(Array(labels.dropLast(zone.count)), datacenter: settings.datacenter)
        var answer = answer(to: lookup, interest, zone, &random) ?? NameAnswer(verdict: .unknown)
        if answer.answers.isEmpty { answer.authorities = [authority(zone)] }
        return answer
    }

    /// The domain that a name is in; of two the longer one.
    private func zone(of labels: [String]) -> [String]? {
        settings.domains.filter { zone in
            zone.count <= labels.count
                && zip(zone, labels.suffix(zone.count)).allSatisfy { $0.lowercased() == $1.lowercased() }
        }
        .max { $0.count < $1.count }
    }

    /// - Returns: nil if there is no such name.
    private func answer(
        to lookup: NameLookup, _ interest: NameInterest, _ zone: [String], _ random: inout some RandomNumberGenerator
    ) -> NameAnswer? {
        switch lookup {
        case .domain:
            return domain(interest, zone)
        case .passage(let place):
            return isKnown(place) ? NameAnswer(verdict: .known) : nil
        case .service(let name, let tag, let place):
            guard let found = service(name, place) else { return nil }
            let instances = found.instances.filter { isAnswering($0) && ($0.service.hasTag(tag)) }
            return records(of: instances, ofService: found.name, interest, NameScope(zone, place, settings), &random)
        case .mesh(let name, let place):
            guard let found = mesh(name, place) else { return nil }
            let instances = found.instances.filter(isAnswering)
            return records(of: instances, ofService: found.name, interest, NameScope(zone, place, settings), &random)
        case .node(let name, let place):
            return node(name, place, interest).map { records(of: $0, interest) }
        case .address(let address):
            return NameAnswer(
                verdict: .known,
                answers: address.isWanted(interest) ? [record(.address(address), settings.nodeTTL)] : [])
        case .nothing:
            return nil
        }
    }

    func record(_ fact: NameFact, _ timeToLive: UInt32, of owner: [String]? = nil) -> NameRecord {
        NameRecord(owner: owner, timeToLive: timeToLive, fact: fact)
    }

    // MARK: The domain

    private func domain(_ interest: NameInterest, _ zone: [String]) -> NameAnswer {
        var answer = NameAnswer(verdict: .known)
        if interest == .soa || interest == .any { answer.answers.append(authority(zone, owner: nil)) }
        guard interest == .ns || interest == .any else { return answer }
        let target = NameScope(zone, .own, settings).target(ofNode: settings.nodeName)
        answer.answers.append(record(.nameServer(target), settings.nodeTTL))
        if let address = state.catalog.nodes[settings.nodeName].flatMap({ IPAddress($0.node.address) }) {
            answer.additionals.append(record(.address(address), settings.nodeTTL, of: target))
        }
        return answer
    }

    private func authority(_ zone: [String]) -> NameRecord { authority(zone, owner: zone) }

    /// Consul's names, which are not there themselves.
    private func authority(_ zone: [String], owner: [String]?) -> NameRecord {
        let authority = NameAuthority(
            server: ["ns"] + zone, mailbox: ["postmaster"] + zone, serial: UInt32(truncatingIfNeeded: now),
            refresh: settings.refresh, retry: settings.retry, expire: settings.expire, minimum: settings.minimum)
        return record(.authority(authority), settings.minimum, of: owner)
    }

    // MARK: Names of addresses

    /// Which nodes have an address, or else which services do; in the first domain. That no one has it is for others to
    /// say: the names of addresses are not ours.
    private func reverse(_ labels: [String], _ interest: NameInterest) -> NameAnswer {
        guard interest == .ptr || interest == .any, let address = IPAddress(reverseName: labels) else {
            return NameAnswer(verdict: .foreign)
        }
        let scope = NameScope(settings.domains[0], .own, settings)
        var names = first(
            state.catalog.nodeNames(at: address).lazy.filter { authorizer.sees(node: $0) }
                .map { scope.target(ofNode: $0) })
        if names.isEmpty {
            names = first(
                state.catalog.serviceNames(at: address).lazy.filter { authorizer.sees(service: $0) }
                    .map { [$0, "service"] + settings.domains[0] })
        }
        guard !names.isEmpty else { return NameAnswer(verdict: .foreign) }
        return NameAnswer(verdict: .known, answers: names.map { record(.pointer($0), settings.nodeTTL) })
    }

    /// As many as find room, in their order. Thousands may share an address: most of them are only compared.
    private func first(_ names: some Sequence<[String]>) -> ArraySlice<[String]> {
        guard maxRecords > 0 else { return [] }
        var found: [[String]] = []
        var isFull = false
        for name in names {
            if isFull, !name.lexicographicallyPrecedes(found[maxRecords - 1]) { continue }
            found.append(name)
            guard found.count >= 2 * maxRecords else { continue }
            found.sort { $0.lexicographicallyPrecedes($1) }
            found.removeSubrange(maxRecords...)
            isFull = true
        }
        return found.sorted { $0.lexicographicallyPrecedes($1) }.prefix(maxRecords)
    }
}

extension IPAddress {
    func isWanted(_ interest: NameInterest) -> Bool {
        switch self {
        case .v4: interest == .a || interest == .any
        case .v6: interest == .aaaa || interest == .any
        }
    }
}
