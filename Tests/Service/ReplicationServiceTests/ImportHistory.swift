import HawserTestKit
import IdentityCore
import StateCore

/// A replication log read from its beginning: whether its chain is whole, and what follows from it.
struct ImportHistory {
    /// How far it was read.
    private(set) var head = LogHead()
    private var peers: [String: Counts] = [:]

    /// What a peer has brought.
    fileprivate struct Counts {
        var services: [String: Int] = [:]
        var list: Int?
        var roots: Int?
        var addresses: Int?
    }

    /// - Returns: what is wrong with the next event.
    mutating func read(_ line: ArraySlice<UInt8>) -> String? {
        guard let event = EventCoding.decode(line) else { return "event \(head.nextNumber) cannot be read" }
        guard event.number == head.nextNumber, event.previous == head.hash else {
            return "the chain breaks at \(head.nextNumber)"
        }
        head = LogHead(nextNumber: head.nextNumber + 1, hash: Hex.encode(StateStore.weakDigest(Array(line))))
        guard event.direction == .imported else { return nil }
        let before = peers[event.peer, default: Counts()].take(event)
        guard let before, before != event.oldCount else { return nil }
        return "event \(event.number) says that \(event.name) \(event.what) had \(event.oldCount), and it had \(before)"
    }

    func differences(of peer: String, from view: PeerView) -> [String] {
        let counts = peers[peer] ?? Counts()
        let standing = view.services.mapValues(\.count)
        var found = Set(counts.services.keys).union(standing.keys).sorted()
            .filter { (counts.services[$0] ?? 0) != (standing[$0] ?? 0) }
            .map { "\($0) of \(peer) has \(counts.services[$0] ?? 0) by the events, and \(standing[$0] ?? 0) stand" }
        if counts.list ?? 0 != view.list?.count ?? 0 { found.append("the list of \(peer)") }
        if counts.roots ?? 0 != view.roots.count { found.append("the roots of \(peer)") }
        return found
    }
}

extension ImportHistory.Counts {
    /// - Returns: the count before, as far as that is known.
    fileprivate mutating func take(_ event: ReplicationEvent) -> Int? {
        switch event.what {
        case .service:
            defer { services[event.name] = event.newCount }
            return services[event.name] ?? 0
        case .serviceList:
            defer { list = event.newCount }
            return list ?? 0
        case .trustBundle:
            defer { roots = event.newCount }
            return roots ?? 0
        case .serverAddresses:
            defer { addresses = event.newCount }
            return addresses
        }
    }
}
