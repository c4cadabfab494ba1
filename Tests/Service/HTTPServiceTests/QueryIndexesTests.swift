import ConfigCore
import HawserTestKit
import PeeringCore
import StateCore
import Testing

@testable import HTTPService

@Suite struct QueryIndexesTests {
    private typealias Numbers = QueryIndexes.Numbers

    /// What moves when nothing more is known than that anything of an area may have changed: all that could.
    private static let areas: [(areas: StateInterest, moved: [@Sendable (Numbers) -> UInt64])] = [
        (.peerings, [{ $0.peerings }]), (.streamStatus, [{ $0.peerings }]), (.trustBundles, [{ $0.peerings }]),
        (.establishing, [{ $0.peerings }]), (.configEntries, [{ $0.config }]),
        (.localCatalog, [{ $0.catalog }, { $0.absentServices }, { $0.absentMeshServices }]),
        (.imports, [{ $0.imports }, { $0.absentImports }, { $0.peerings }]),
        (.identity, [{ $0.identity }]), (.acl, [{ $0.acl }]),
    ]
    private static let all: [@Sendable (Numbers) -> UInt64] = [
        { $0.peerings }, { $0.config }, { $0.catalog }, { $0.absentServices }, { $0.absentMeshServices },
        { $0.imports }, { $0.absentImports }, { $0.identity }, { $0.acl },
    ]

    @Test(arguments: areas.indices)
    func aWholeAreaMovesAllThatIsOfIt(number: Int) async throws {
        let (areas, moved) = Self.areas[number]
        let store = try await StateStore(testing: MemoryStorage())
        let indexes = QueryIndexes(store: store)
        let before = indexes.current()
        // The index of the state moves, and then so much of one area changes that it is not told by name.
        for name in ["dc2", "dc3"] { _ = try await store.addAcceptor(name) }
        let between = indexes.current()
        for change in Self.many(of: areas) { store.announce(change) }
        try await store.settle()
        let after = indexes.current()
        for number in moved { #expect(number(after) > number(before)) }
        let others = Self.all.count { $0(after) != $0(between) }
        #expect(others == moved.count)
    }

    /// More than are told by name.
    private static func many(of area: StateInterest) -> [StateChange] {
        (0...StateChanges.maxThings).map { number in
            let id = PeeringID("\(number)")
            return switch area {
            case .peerings: .peering(id)
            case .streamStatus: .streamStatus(id)
            case .trustBundles: .trustBundle(id)
            case .configEntries: .configEntry(ConfigEntryKey(kind: .serviceDefaults, name: "\(number)"))
            case .localCatalog: .localService("\(number)")
            case .imports: .importedService(id, "a")
            case .establishing: .establishing
            case .identity: .identity
            default: .acl
            }
        }
    }
}
