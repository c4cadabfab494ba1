package import CatalogCore
package import IdentityCore

/// The health service writes down what checks found out; what is not news changes nothing.
package struct RecordHealth: Command {
    package var node: String
    package var results: [CheckResult]

    package init(node: String, results: [CheckResult]) {
        self.node = node
        self.results = results
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        for (id, results) in Dictionary(grouping: results, by: \.key.serviceID) {
            transaction.record(results, at: InstanceKey(node: node, id: id))
        }
    }
}

/// A client registers a check by itself, of the agent's own node or of one of its services, or replaces it.
package struct RegisterCheck: Command {
    package var node: String
    package var check: HealthCheck

    package init(node: String, check: HealthCheck) {
        self.node = node
        self.check = check
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let key = InstanceKey(node: node, id: check.serviceID)
        var check = check
        check.node = node
        if !check.serviceID.isEmpty {
            guard let service = transaction.state.catalog.instance(at: key)?.registration.service else {
                throw Refusal(.notFound, "ServiceID \"\(check.serviceID)\" does not exist")
            }
            check.serviceName = service.service
            check.serviceTags = service.tags
        }
        if let present = transaction.state.catalog.check(check.checkID, on: node) {
            let place = InstanceKey(node: node, id: present.serviceID)
            if place == key {
                let checks = transaction.state.catalog.checks(at: key)
                check.keepHealth(of: checks.first { $0.checkID == check.checkID })
            }
            try transaction.removeCheck(present, on: node)
        }
        transaction.put(check, at: key)
    }
}

/// A client removes a check from the agent's own node.
package struct DeregisterCheck: Command {
    package var node: String
    package var checkID: String

    package init(node: String, checkID: String) {
        self.node = node
        self.checkID = checkID
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        guard let key = transaction.state.catalog.check(checkID, on: node) else { throw .unknownCheck(checkID) }
        try transaction.removeCheck(key, on: node)
    }
}

/// A service was critical for as long as one of its checks allows: it goes, whoever registered it, as in Consul. A file
/// brings it back at the next start, or when its definition changes.
package struct DeregisterCriticalService: Command {
    package var node: String
    package var id: String

    package init(node: String, id: String) {
        self.node = node
        self.id = id
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        transaction.removeInstance(at: InstanceKey(node: node, id: id))
    }
}

extension Refusal {
    package static func unknownCheck(_ id: String) -> Refusal {
        Refusal(
            .notFound, "Unknown check ID \"\(id)\". Ensure that the check ID is passed, not the check name.")
    }
}

extension Transaction {
    /// Removes a check, also out of the definition of a service that a client registered.
    fileprivate mutating func removeCheck(_ key: CheckKey, on node: String) throws(Refusal) {
        let place = InstanceKey(node: node, id: key.serviceID)
        guard let instance = state.catalog.instance(at: place),
            instance.registration.checks.contains(where: { $0.checkID == key.checkID })
        else { return removeAddedCheck(key.checkID, at: place) }
        if case .file(let file) = instance.source {
            throw Refusal(
                .conflict, "check \"\(key.checkID)\" comes from \(file): change it there and run `hawser reload`")
        }
        var registration = instance.registration
        registration.checks.removeAll { $0.checkID == key.checkID }
        put(registration, at: place, source: instance.source)
    }
}
