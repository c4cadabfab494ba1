import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import PeeringCore

/// How rows lie in storage: a key `table/...` and a JSON text, but for imported services, which are the peer's bytes
/// behind their count of instances.
enum StateCodec {
    static let identityKey = "identity/self"

    static func key(of id: PeeringID) -> String { "peering/\(id)" }
    static func secretsKey(of id: PeeringID) -> String { "secrets/\(id)" }
    static func bundleKey(of id: PeeringID) -> String { "bundle/\(id)" }
    static func tombstoneKey(of id: PeeringID) -> String { "tombstone/\(id)" }
    static func farewellKey(of id: PeeringID) -> String { "farewell/\(id)" }
    static func announcedKey(of id: PeeringID) -> String { "announced/\(id)" }
    static func importKey(of id: PeeringID, _ name: String) -> String { "import/\(id)/\(name)" }
    static func key(of entry: ConfigEntryKey) -> String { "config/\(entry)" }
    static func key(ofNode name: String) -> String { "node/\(name)" }
    static func key(of instance: InstanceKey) -> String { "service/\(instance.node)/\(instance.id)" }
    static func healthKey(of instance: InstanceKey) -> String { "health/\(instance.node)/\(instance.id)" }
    static func key(of check: HealthCheck, on node: String) -> String { "check/\(node)/\(check.checkID)" }

    /// Builds the tables from everything that is stored.
    static func state(from contents: StorageContents) throws(StorageError) -> State {
        var state = State()
        for (key, value) in contents.entries {
            let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
            let isRead = parts.count == 2 && restore(table: parts[0], rest: parts[1], value, into: &state)
            guard isRead else {
                throw StorageError(
                    code: .corrupt,
                    message: "the stored row \"\(key)\" cannot be read: restore the data directory from a backup",
                    cause: "unreadable row")
            }
        }
        return state
    }

    private static func restore(table: String, rest: String, _ value: [UInt8], into state: inout State) -> Bool {
        switch table {
        case "import": return restoreImport(rest, value, into: &state)
        case "announced": return restoreAnnounced(rest, value, into: &state)
        default: break
        }
        guard let document = try? JSONReader.read(value) else { return false }
        switch table {
        case "identity":
            state.identity = decode(document, decodeIdentity)
            return state.identity != nil
        case "peering":
            guard let peering = decode(document, decodePeering) else { return false }
            state.put(peering)
            state.index = max(state.index, peering.modifyIndex)
            return true
        case "secrets":
            state.secrets[PeeringID(rest)] = decode(document, decodeSecrets)
            return state.secrets[PeeringID(rest)] != nil
        case "bundle":
            state.trustBundles[PeeringID(rest)] = decode(document, decodeBundle)
            return state.trustBundles[PeeringID(rest)] != nil
        case "tombstone":
            state.tombstones[PeeringID(rest)] = document.string.flatMap(Timestamp.init(rfc3339:))
            return state.tombstones[PeeringID(rest)] != nil
        case "farewell":
            state.farewells[PeeringID(rest)] = decode(document, decodeFarewell)
            return state.farewells[PeeringID(rest)] != nil
        case "config":
            return restoreConfigEntry(document, into: &state)
        case "node":
            return restoreNode(document, into: &state)
        case "service":
            return restoreInstance(document, into: &state)
        case "check":
            return restoreCheck(document, into: &state)
        case "health":
            return restoreHealth(document, into: &state)
        case "acl-policy":
            return restorePolicy(document, into: &state)
        case "acl-token":
            return restoreToken(document, into: &state)
        case "acl-bootstrap":
            return restoreBootstrap(document, into: &state)
        default:
            return false
        }
    }

    /// Reads a map with the given function; anything wrong in it makes the row unreadable.
    static func decode<Value>(_ document: Document, _ body: (inout MapReader) -> Value?) -> Value? {
        let problems = ProblemCollector()
        let value = MapReader.read(document, unknown: .ignore, into: problems, body)
        return problems.problems.isEmpty ? value : nil
    }

    // MARK: Imported services

    static func encode(_ service: ImportedService) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(4 + service.payload.count)
        let count = UInt32(clamping: service.instanceCount)
        for shift in [24, 16, 8, 0] as [UInt32] { value.append(UInt8(truncatingIfNeeded: count >> shift)) }
        return value + service.payload
    }

    private static func restoreImport(_ rest: String, _ value: [UInt8], into state: inout State) -> Bool {
        guard let slash = rest.firstIndex(of: "/"), value.count >= 4 else { return false }
        let id = PeeringID(String(rest[..<slash]))
        let name = String(rest[rest.index(after: slash)...])
        state.imports[id, default: ImportedCatalog()].services[name] = ImportedService(
            payload: Array(value[4...]), instanceCount: value[..<4].reduce(0) { $0 << 8 | Int($1) },
            createIndex: state.index, modifyIndex: state.index)
        return true
    }

    static func encode(_ names: [String]) -> [UInt8] {
        var json = JSONWriter()
        json.value(names)
        return json.bytes
    }

    static func encode(_ time: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.value(time.rfc3339)
        return json.bytes
    }

    private static func restoreAnnounced(_ rest: String, _ value: [UInt8], into state: inout State) -> Bool {
        guard let list = try? JSONReader.read(value).list else { return false }
        state.imports[PeeringID(rest), default: ImportedCatalog()].announced = list.compactMap(\.string)
        return true
    }
}
