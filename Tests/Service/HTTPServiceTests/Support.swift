import CatalogCore
import DocumentCore
import HawserTestKit
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore
import Testing

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
        _ = try await apply(
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

/// The instance of a recorded health answer.
func recordedInstance(_ fixture: Document) throws -> ServiceInstance {
    let entry = try #require(fixture.list?.first)
    func strings(_ value: Document?) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (value?.map ?? []).map { ($0.key, $0.value.string ?? "") })
    }
    func texts(_ value: Document?) -> [String] { (value?.list ?? []).compactMap(\.string) }
    let node = try #require(entry["Node"])
    let service = try #require(entry["Service"])
    let check = try #require(entry["Checks"]?.list?.first)
    var result = NodeService(
        kind: ServiceKind(rawValue: service["Kind"]?.string ?? ""), id: service["ID"]?.string ?? "",
        service: service["Service"]?.string ?? "", tags: texts(service["Tags"]),
        address: service["Address"]?.string ?? "", port: Int(service["Port"]?.integer ?? 0),
        meta: strings(service["Meta"]))
    for member in service["TaggedAddresses"]?.map ?? [] {
        result.taggedAddresses[member.key] = ServiceAddress(
            address: member.value["Address"]?.string ?? "", port: Int(member.value["Port"]?.integer ?? 0))
    }
    if let name = service["Proxy"]?["DestinationServiceName"]?.string {
        result.proxy = ProxyConfiguration(
            destinationServiceName: name,
            destinationServiceID: service["Proxy"]?["DestinationServiceID"]?.string ?? "")
    }
    if let meta = service["Connect"]?["PeerMeta"] {
        result.peerMeta = PeerMeta(
            sni: texts(meta["SNI"]), spiffeID: texts(meta["SpiffeID"]), protocol: meta["Protocol"]?.string ?? "")
    }
    return ServiceInstance(
        node: Node(
            id: node["ID"]?.string ?? "", name: node["Node"]?.string ?? "",
            address: node["Address"]?.string ?? "", datacenter: node["Datacenter"]?.string ?? "",
            taggedAddresses: strings(node["TaggedAddresses"]), meta: strings(node["Meta"])),
        service: result,
        checks: [
            HealthCheck(
                node: check["Node"]?.string ?? "", checkID: check["CheckID"]?.string ?? "",
                name: check["Name"]?.string ?? "",
                status: HealthStatus(rawValue: check["Status"]?.string ?? ""),
                serviceID: check["ServiceID"]?.string ?? "", serviceName: check["ServiceName"]?.string ?? "")
        ])
}
