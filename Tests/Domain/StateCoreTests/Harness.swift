import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

/// A store on storage in memory. After every command it is read anew from what was stored, which must be the same.
struct Harness {
    let storage = MemoryStorage()
    let store: StateStore

    init() async throws {
        store = try await StateStore(storage: storage)
    }

    @discardableResult
    func apply<C: Command>(_ command: C) async throws -> C.Outcome {
        let outcome = try await store.apply(command)
        try await expectDurable()
        return outcome
    }

    /// The refusal of a command, which must leave everything as it was.
    func refusal<C: Command>(of command: C) async -> Refusal? {
        let before = (store.state.index, storage.keys)
        do {
            _ = try await store.apply(command)
            return nil
        } catch {
            #expect((store.state.index, storage.keys) == before)
            return error
        }
    }

    /// What a daemon that starts now would find.
    func expectDurable(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let (now, later) = (store.state, try await StateStore(storage: storage).state)
        #expect(now.identity == later.identity, sourceLocation: sourceLocation)
        #expect(now.sortedPeerings == later.sortedPeerings, sourceLocation: sourceLocation)
        for peering in now.peerings.values {
            #expect(now.secrets[peering.id] == later.secrets[peering.id], sourceLocation: sourceLocation)
            #expect(now.trustBundles[peering.id] == later.trustBundles[peering.id], sourceLocation: sourceLocation)
        }
        #expect(Set(now.secrets.keys) == Set(later.secrets.keys), sourceLocation: sourceLocation)
        #expect(Set(now.tombstones.keys) == Set(later.tombstones.keys), sourceLocation: sourceLocation)
        #expect(Array(now.farewells.values) == Array(later.farewells.values), sourceLocation: sourceLocation)
        let api = now.configEntries.values.filter { $0.source == .api }.map(\.entry)
        #expect(Set(api) == Set(later.configEntries.values.map(\.entry)), sourceLocation: sourceLocation)
    }

    func secret(_ byte: UInt8) -> SecretDigest { SecretDigest(bytes: Array(repeating: byte, count: 32)) }

    let id = PeeringID("0fc3a15c-1d0c-4a8e-9c55-8f2e0a1b2c3d")

    /// An accepted peering whose token has the secret 1.
    func token(_ byte: UInt8 = 1) async throws {
        try await apply(GenerateToken(name: "island", meta: ["a": "b"], newID: id, establishment: secret(byte)))
    }

    func open(_ byte: UInt8) async throws -> AuthorizeStream.Outcome {
        try await apply(AuthorizeStream(id: id, presented: secret(byte), remote: RemoteInfo(datacenter: "dc2")))
    }

    static let acceptor = AcceptorDescription(
        peerID: "remote-id", caPEMs: ["PEM\n"], serverName: "server.dc1.peering.x.consul",
        serverAddresses: ["10.0.0.1:8503"], manualServerAddresses: [], remote: RemoteInfo(datacenter: "dc1"))

    /// A dialed peering.
    func establish(_ name: String = "harbor", peerID: String = "remote-id", keeps: Bool = false) async throws {
        var acceptor = Self.acceptor
        acceptor.peerID = peerID
        try await apply(
            CompleteEstablish(
                name: name, meta: [:], newID: id, acceptor: acceptor, streamSecret: SecretText("s"),
                keepsAddresses: keeps))
    }
}
