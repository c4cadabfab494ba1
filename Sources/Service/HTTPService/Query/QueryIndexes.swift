import StateCore
import Synchronization

/// Numbers that move when something of an area changed: what `X-Consul-Index` says where no single row does.
///
/// One for all doors of a daemon, so that each says the same. Brought up to date when it is read, so that it costs
/// nothing while nobody asks. Read it *before* taking the snapshot that an answer is made of: then the number is never
/// ahead of the answer, and a client that comes back with it misses nothing.
final class QueryIndexes: Sendable {
    struct Numbers: Hashable, Sendable {
        /// Rows of peerings, and how their streams are doing, which the state's own index does not count.
        var peerings: UInt64
        var config: UInt64
        var catalog: UInt64
        /// When a service last went from the catalog, or from what is reached over the mesh: the index of one that is
        /// not there. So a change of another service says nothing to who waits for it.
        var absentServices: UInt64
        var absentMeshServices: UInt64
        var imports: UInt64
        /// When a peer last withdrew a service.
        var absentImports: UInt64
        var identity: UInt64
        var acl: UInt64
    }

    private let store: StateStore
    private let subscription: StateSubscription
    private let numbers: Mutex<Numbers>

    init(store: StateStore) {
        self.store = store
        subscription = store.subscribe(to: .everything)
        let index = max(1, store.state.index)
        numbers = Mutex(
            Numbers(
                peerings: index, config: index, catalog: index, absentServices: index, absentMeshServices: index,
                imports: index, absentImports: index, identity: index, acl: index))
    }

    func current() -> Numbers {
        numbers.withLock { numbers in
            let changes = subscription.takePending()
            guard !changes.isEmpty else { return numbers }
            let state = store.state
            let index = max(1, state.index)
            numbers.move(changes.areas, to: index)
            for change in changes.things {
                switch change {
                case .peering, .establishing, .streamStatus, .trustBundle: numbers.peerings = index
                case .configEntry: numbers.config = index
                case .localService(let name):
                    numbers.catalog = index
                    if state.catalog.services[name] == nil { numbers.absentServices = index }
                    if !state.catalog.isMeshService(name) { numbers.absentMeshServices = index }
                case .localNode: numbers.catalog = index
                case .importedService(let id, let name):
                    numbers.imports = index
                    if state.imports[id]?.services[name] == nil { numbers.absentImports = index }
                case .importedList:
                    numbers.imports = index
                    numbers.peerings = index
                case .identity: numbers.identity = index
                case .acl: numbers.acl = index
                case .replicationLog: continue
                }
            }
            return numbers
        }
    }
}

extension QueryIndexes.Numbers {
    /// Anything of these areas may have changed, or have gone.
    fileprivate mutating func move(_ areas: StateInterest, to index: UInt64) {
        if !areas.isDisjoint(with: [.peerings, .establishing, .streamStatus, .trustBundles, .imports]) {
            peerings = index
        }
        if areas.contains(.configEntries) { config = index }
        if areas.contains(.localCatalog) {
            catalog = index
            absentServices = index
            absentMeshServices = index
        }
        if areas.contains(.imports) {
            imports = index
            absentImports = index
        }
        if areas.contains(.identity) { identity = index }
        if areas.contains(.acl) { acl = index }
    }
}
