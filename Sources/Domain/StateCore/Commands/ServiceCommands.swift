package import CatalogCore
package import IdentityCore

/// A client registers a service on the agent's own node, or replaces it.
package struct RegisterService: Command {
    package var node: String
    package var registration: Registration
    /// Checks that the service has already and the registration does not name go, instead of staying.
    package var replacesChecks: Bool

    package init(node: String, registration: Registration, replacesChecks: Bool = false) {
        self.node = node
        self.registration = registration
        self.replacesChecks = replacesChecks
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let key = InstanceKey(node: node, id: registration.service.id)
        let stored = transaction.state.catalog.instance(at: key)
        try refuseIfFromFile(stored)
        var registration = registration
        if replacesChecks {
            for check in transaction.state.catalog.addedChecks[key] ?? [] {
                transaction.removeAddedCheck(check.checkID, at: key)
            }
        } else if let stored, stored.registration.service.service == registration.service.service {
            registration.keepChecks(of: stored.registration)
        }
        transaction.put(registration, at: key, source: .api)
    }
}

/// A client removes a service from the agent's own node.
package struct DeregisterService: Command {
    package var node: String
    package var id: String

    package init(node: String, id: String) {
        self.node = node
        self.id = id
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let key = InstanceKey(node: node, id: id)
        let stored = transaction.state.catalog.instance(at: key)
        guard stored != nil else { throw .unknownService(id) }
        try refuseIfFromFile(stored)
        transaction.removeInstance(at: key)
    }
}

extension Refusal {
    package static func unknownService(_ id: String) -> Refusal {
        Refusal(
            .notFound, "Unknown service ID \"\(id)\". Ensure that the service ID is passed, not the service name.")
    }
}

extension Registration {
    /// Takes over the checks that this one does not name.
    fileprivate mutating func keepChecks(of previous: Registration) {
        let named = Set(checks.map(\.checkID))
        checks += previous.checks.filter { !named.contains($0.checkID) }
    }
}

/// What a file defines is changed in the file.
func refuseIfFromFile(_ stored: LocalInstance?) throws(Refusal) {
    guard let stored, case .file(let place) = stored.source else { return }
    throw Refusal(
        .conflict, "service \"\(stored.key.id)\" comes from \(place): change it there and run `hawser reload`")
}
