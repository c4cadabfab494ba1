import StateCore
import Synchronization

/// Numbers that move when something of an area changed: what `X-Consul-Index` says where no single row does.
///
/// Brought up to date when it is read, so that it costs nothing while nobody asks. Read it *before* taking the
/// snapshot that an answer is made of: then the number is never ahead of the answer, and a client that comes back
/// with it misses nothing.
final class QueryIndexes: Sendable {
    struct Numbers: Sendable {
        /// Rows of peerings, and how their streams are doing, which the state's own index does not count.
        var peerings: UInt64
        var config: UInt64
        var catalog: UInt64
        /// Of the catalog's nodes alone: their changes are part of every service's answer.
        var nodes: UInt64
        var imports: UInt64
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
                peerings: index, config: index, catalog: index, nodes: index, imports: index, identity: index,
                acl: index))
    }

    func current() -> Numbers {
        numbers.withLock { numbers in
            let changes = subscription.takePending()
            guard !changes.isEmpty else { return numbers }
            let index = max(1, store.state.index)
            let next = max(numbers.peerings + 1, index)
            for change in changes {
                switch change {
                case .peering, .establishing, .streamStatus, .trustBundle: numbers.peerings = next
                case .configEntry: numbers.config = index
                case .localService: numbers.catalog = index
                case .localNode:
                    numbers.catalog = index
                    numbers.nodes = index
                case .importedService: numbers.imports = index
                case .importedList:
                    numbers.imports = index
                    numbers.peerings = next
                case .identity: numbers.identity = index
                case .acl: numbers.acl = index
                }
            }
            return numbers
        }
    }
}
