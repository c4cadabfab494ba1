package import CatalogCore
import ConfigCore
package import ConfigFiles
import DocumentCore
package import IdentityCore
import NIOPosix
package import StateCore

/// Brings what the configuration files say into the state, at start and at every reload.
///
/// A reload is all or nothing: a broken file leaves the old state standing, and the next reload compares with that.
/// Reloads that come at once run one after the other.
package actor FileCatalog {
    private let store: StateStore
    private let node: Node
    private var loader: ConfigLoader
    private var sidecarPorts = SidecarPorts()
    /// The agent's own settings as the daemon was started with.
    private let startedWith: AgentConfiguration
    private var isReloading = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - loader: as it is after the first load.
    ///   - loaded: what that load gave.
    ///   - node: the agent's own node, which the files' services run on.
    package init(store: StateStore, node: Node, loader: ConfigLoader, loaded: LoadedConfiguration) {
        self.store = store
        self.node = node
        self.loader = loader
        self.startedWith = loaded.agent
    }

    /// Puts the first load into the state.
    package func apply(_ loaded: LoadedConfiguration) async throws(Refusal) {
        try await put(loaded.difference)
    }

    /// Reads the files anew and applies what changed.
    ///
    /// - Returns: lines for people; at least one.
    /// - Throws: `invalid` with every problem in every file, one line each; nothing has changed then.
    package func reload() async throws(Refusal) -> [String] {
        await begin()
        defer { end() }
        let (next, loaded) = try await read()
        try await put(loaded.difference)
        loader = next
        return ReloadReport(loaded, startedWith: startedWith).lines
    }

    // MARK: One at a time

    private func begin() async {
        while isReloading {
            await withCheckedContinuation { waiting.append($0) }
        }
        isReloading = true
    }

    private func end() {
        isReloading = false
        let next = waiting
        waiting = []
        for continuation in next { continuation.resume() }
    }

    // MARK: Reading and applying

    private func read() async throws(Refusal) -> (ConfigLoader, LoadedConfiguration) {
        let loader = loader
        let result: Result<(ConfigLoader, LoadedConfiguration), ConfigLoadError>
        do {
            // Blocks on the disk, so not on the cooperative pool.
            result = try await NIOThreadPool.singleton.runIfActive {
                var loader = loader
                do throws(ConfigLoadError) {
                    let loaded = try loader.load()
                    return .success((loader, loaded))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw Refusal(.unavailable, "the daemon is shutting down")
        }
        switch result {
        case .success(let value): return value
        case .failure(let problems): throw Refusal(.invalid, problems.description)
        }
    }

    private func put(_ difference: ConfigDifference) async throws(Refusal) {
        let given = difference.registrations.added + difference.registrations.changed
        var ports = sidecarPorts
        ports.release(difference.registrations.removed)
        for sourced in given { ports.note(sourced.value.service) }
        var registrations: [ApplyFiles.FileRegistration] = []
        registrations.reserveCapacity(given.count)
        for sourced in given {
            let registration = try complete(sourced.value, &ports)
            registrations.append(ApplyFiles.FileRegistration(registration: registration, place: sourced.source))
        }
        let entries = (difference.entries.added + difference.entries.changed).map {
            ApplyFiles.FileEntry(entry: $0.value, place: $0.source)
        }
        var command = ApplyFiles(
            node: node, registrations: registrations, removedServiceIDs: difference.registrations.removed,
            entries: entries, removedEntries: difference.entries.removed)
        command.movedRegistrations = difference.registrations.moved.map {
            ApplyFiles.FileRegistration(registration: $0.value, place: $0.source)
        }
        command.movedEntries = difference.entries.moved.map {
            ApplyFiles.FileEntry(entry: $0.value, place: $0.source)
        }
        try await store.apply(command)
        sidecarPorts = ports
    }

    /// Fills in what only the agent knows: its node, and the port of a sidecar that has none.
    private func complete(_ registration: Registration, _ ports: inout SidecarPorts) throws(Refusal) -> Registration {
        var registration = registration
        for index in registration.checks.indices { registration.checks[index].node = node.name }
        if SidecarPorts.isDue(registration.service) {
            registration.assignPort(try ports.assign(to: registration.service.id))
        }
        return registration
    }
}
