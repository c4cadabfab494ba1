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
        store = try await StateStore(testing: storage)
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

    /// What a daemon that starts now would find is what is there.
    func expectDurable(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let later = try await StateStore(testing: storage).state
        let differences = StateImage(later).differences(from: StateImage(store.state))
        #expect(differences.isEmpty, "after a restart", sourceLocation: sourceLocation)
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

extension MemoryStorage {
    /// A row as a version of Hawser stored it.
    func write(_ key: String, _ text: String, version: UInt8) async throws {
        let value = RowEnvelope.seal(Array(text.utf8), version: version, key: key)
        let position = try await position()
        _ = try await commit(
            StorageBatch(
                writes: [StorageWrite(key: key, value: value)], index: position.index, expecting: position.revision))
    }
}
