import DocumentCore
import HawserTestKit
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore

@testable import hawser

extension TestDaemon {
    /// Sends one request the way the CLI does.
    func send(_ method: ClientMethod, _ target: String, _ body: String = "") async throws -> ClientAnswer {
        try await client.send(ClientRequest(method: method, target: target, body: Array(body.utf8), seconds: 30))
    }

    func get(_ target: String) async throws -> (answer: ClientAnswer, json: Document) {
        let answer = try await send(.get, target)
        return (answer, try JSONReader.read(answer.body))
    }

    var client: HTTPClient { HTTPClient(address: DaemonAddress(host: "127.0.0.1", port: port)) }
}

extension ClientAnswer {
    var text: String { String(decoding: body, as: UTF8.self) }
    var index: UInt64 { header("X-Consul-Index").flatMap { UInt64($0) } ?? 0 }
}

extension StateStore {
    /// A peering that waits for its dialer.
    @discardableResult
    func addAcceptor(_ name: String, id: String? = nil, meta: [String: String] = [:]) async throws -> PeeringID {
        try await apply(
            GenerateToken(
                name: name, meta: meta, newID: PeeringID(id ?? "id-of-\(name)"), establishment: digest(1)))
    }

    /// Makes the acceptor's dialer known, as its first stream does.
    func connectDialer(_ id: PeeringID, datacenter: String) async throws {
        try await apply(
            ExchangeSecret(id: id, presented: digest(1), pendingStream: digest(2), now: Timestamp(seconds: 1)))
        _ = try await apply(
            AuthorizeStream(id: id, presented: digest(2), remote: RemoteInfo(datacenter: datacenter)))
    }

    func imported(_ name: String, of id: PeeringID, payload: String, count: Int) async throws {
        let change = ImportedChange.service(name: name, payload: Array(payload.utf8), instanceCount: count)
        _ = try await apply(ImportBatch(id: id, changes: [change]))
    }
}

func digest(_ byte: UInt8) -> SecretDigest { SecretDigest(bytes: Array(repeating: byte, count: 32)) }

/// Keys whose values depend on how often the store committed.
let volatileKeys: Set<String> = ["CreateIndex", "ModifyIndex", "Hawser"]
