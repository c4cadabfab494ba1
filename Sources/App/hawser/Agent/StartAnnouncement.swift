import Synchronization

/// Says that the agent is up when the last of its HTTP listeners is, with the addresses of all. Any task may tell it.
final class StartAnnouncement: Sendable {
    private struct Listeners {
        var missing: Int
        var addresses: [String] = []
    }

    private let listeners: Mutex<Listeners>
    private let announce: @Sendable ([String]) -> Void

    /// - Parameters:
    ///   - count: how many will tell; with none, the announcement is made at once.
    ///   - announce: called once.
    init(expecting count: Int, announce: @escaping @Sendable ([String]) -> Void) {
        self.listeners = Mutex(Listeners(missing: count))
        self.announce = announce
        if count == 0 { announce([]) }
    }

    func listening(on address: String) {
        let addresses: [String]? = listeners.withLock { listeners in
            listeners.addresses.append(address)
            listeners.missing -= 1
            return listeners.missing == 0 ? listeners.addresses : nil
        }
        if let addresses { announce(addresses.sorted()) }
    }
}
