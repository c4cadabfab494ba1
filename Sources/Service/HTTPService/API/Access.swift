import ACLCore
import ACLService
import IdentityCore
import Synchronization

/// What the sender of one request may do. It is found out when the request comes, and anew for each further look that
/// a blocking query takes: a token that is gone by then gets no answer.
final class Access: Sendable {
    private struct Record {
        /// Nil if nobody asked who it is.
        var caller: Caller?
        /// Of which one must be given, whatever the handler does.
        var required: [Permission] = []
        var hasAsked = false
        var hasFiltered = false
    }

    private let control: AccessControl
    private let credential: Credential
    private let record = Mutex(Record())

    init(_ control: AccessControl, _ credential: Credential) {
        self.control = control
        self.credential = credential
    }

    /// Finds out who it is, and asks for what the route needs.
    ///
    /// - Parameter permissions: one of them is enough; none asks for a token that exists.
    /// - Throws: `denied`, in Consul's words.
    func begin(requiring permissions: [Permission]) throws(Refusal) {
        record.withLock { $0.required = permissions }
        try findOut()
    }

    /// Before each look at the state. Where the token is not looked at, it is not here either.
    func renew() throws(Refusal) {
        guard record.withLock({ $0.caller != nil }) else { return }
        try findOut()
    }

    private func findOut() throws(Refusal) {
        let caller = try control.caller(with: credential)
        let required = record.withLock { record in
            record.caller = caller
            record.hasFiltered = false
            return record.required
        }
        guard let first = required.first, !required.contains(where: caller.authorizer.allows) else { return }
        throw .permissionDenied(first, accessorID: caller.accessorID)
    }

    // MARK: What handlers ask

    /// Says that there is nothing to ask.
    func requireNothing() { _ = asking() }

    /// - Throws: `denied` unless the sender may do this.
    func require(_ permission: Permission) throws(Refusal) {
        let caller = asking()
        guard caller.authorizer.allows(permission) else {
            throw .permissionDenied(permission, accessorID: caller.accessorID)
        }
    }

    /// For what one of several permissions is enough for.
    func allows(_ permission: Permission) -> Bool { asking().authorizer.allows(permission) }

    /// The part of a listing that the sender may see.
    func filter<Item>(_ items: [Item], by isVisible: (Item, Authorizer) -> Bool) -> [Item] {
        let authorizer = asking().authorizer
        let visible = items.filter { isVisible($0, authorizer) }
        if visible.count < items.count { record.withLock { $0.hasFiltered = true } }
        return visible
    }

    private func asking() -> Caller {
        record.withLock { record in
            record.hasAsked = true
            // Who was not found out may do nothing.
            return record.caller ?? Caller(accessorID: "", authorizer: Authorizer(rules: ACLRules(), fallback: .deny))
        }
    }

    // MARK: Answers that are made for several

    /// What an answer may depend on of its caller; nil where it depends on nothing.
    var rights: Authorizer? { record.withLock { $0.caller?.authorizer } }

    /// An answer is taken that was made for somebody with the same rights.
    ///
    /// - Parameters:
    ///   - hasAsked: what came of asking there. The same for `hasFiltered`.
    func adopt(hasAsked: Bool, hasFiltered: Bool) {
        record.withLock { record in
            record.hasAsked = hasAsked
            record.hasFiltered = hasFiltered
        }
    }

    // MARK: What the responder tells

    var accessorID: String { record.withLock { $0.caller?.accessorID ?? "" } }
    var hasAsked: Bool { record.withLock { $0.hasAsked } }
    var hasFiltered: Bool { record.withLock { $0.hasFiltered } }
}
