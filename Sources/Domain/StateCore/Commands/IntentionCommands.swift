package import ConfigCore
package import IdentityCore

// Intentions one by one: each is a source of the service-intentions entry of the service that it is about.

/// A client says whether one service may call another.
package struct PutIntention: Command {
    package var intention: Intention
    /// Whether there must be none yet.
    package var isNew: Bool

    package init(_ intention: Intention, isNew: Bool) {
        self.intention = intention
        self.isNew = isNew
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let key = ConfigEntryKey(kind: .serviceIntentions, name: intention.destination)
        let stored = transaction.state.configEntries[key]
        try refuseIfFromFile(stored, key: key)
        var entry =
            stored?.entry ?? ConfigEntry(name: key.name, content: .serviceIntentions(ServiceIntentions(sources: [])))
        guard case .serviceIntentions(var intentions) = entry.content else { return }
        let source = intention.source
        if isNew, intentions.source(named: source.name, peer: source.peer) != nil {
            throw Refusal(.conflict, "duplicate intention found: \(source.name) => \(key.name)")
        }
        intentions.put(source)
        entry.content = .serviceIntentions(intentions)
        if entry != stored?.entry { transaction.put(entry, source: .api) }
    }
}

/// A client takes back what it said of a caller. What is not there counts as taken back.
package struct DeleteIntention: Command {
    package var name: String
    package var peer: String
    package var destination: String

    package init(name: String, peer: String, destination: String) {
        self.name = name
        self.peer = peer
        self.destination = destination
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let key = ConfigEntryKey(kind: .serviceIntentions, name: destination)
        guard let stored = transaction.state.configEntries[key],
            case .serviceIntentions(var intentions) = stored.entry.content,
            intentions.source(named: name, peer: peer) != nil
        else { return }
        try refuseIfFromFile(stored, key: key)
        intentions.sources.removeAll { $0.name == name && $0.peer == peer }
        guard !intentions.sources.isEmpty else { return transaction.removeConfigEntry(key) }
        var entry = stored.entry
        entry.content = .serviceIntentions(intentions)
        transaction.put(entry, source: .api)
    }
}
