import CatalogCore
import Foundation
import NIOCore
import PeeringWire
import SwiftProtobuf
import Testing

@testable import PeerStreamTranslation

@Suite("Services travel and come back")
struct ServiceTranslationTests {
    /// Every field of the catalog's values is set.
    static func full(_ name: String = "web") -> ServiceInstance {
        ServiceInstance(
            node: Node(
                id: "10dcde94-7f25-c7f9-6616-90f47c18365b", name: "node-1", address: "10.0.0.1", datacenter: "dc1",
                taggedAddresses: ["lan": "10.0.0.1", "wan": "192.0.2.1"], meta: ["a": "1", "empty": ""],
                locality: Locality(region: "r", zone: "z")),
            service: NodeService(
                kind: .connectProxy, id: "\(name)-1", service: name, tags: ["v1", "", "primary"], address: "web.local",
                port: 8080, ports: [ServicePort(port: 1, name: "p", isDefault: true), ServicePort(port: 2, name: "q")],
                socketPath: "/run/web", taggedAddresses: ["wan": ServiceAddress(address: "192.0.2.1", port: 443)],
                meta: ["version": "2"], weights: Weights(passing: 10, warning: 0), enableTagOverride: true,
                locality: Locality(region: "r2"),
                proxy: ProxyConfiguration(
                    destinationServiceName: "web", destinationServiceID: "web-instance-0",
                    localServiceAddress: "127.0.0.1", localServicePort: 9090),
                connectNative: true,
                peerMeta: PeerMeta(sni: ["web.default"], spiffeID: ["spiffe://a", "spiffe://b"], protocol: "http")),
            checks: [
                HealthCheck(
                    node: "node-1", checkID: "\(name)-1:overall-check", name: "overall-check", status: .warning,
                    notes: "n", output: "o", serviceID: "\(name)-1", serviceName: name, serviceTags: ["v1"],
                    type: "http", interval: "10s", timeout: "1s"),
                HealthCheck(node: "node-1", checkID: "c", name: "", status: HealthStatus(rawValue: "odd")),
            ])
    }

    static let bare = ServiceInstance(
        node: Node(name: "n"), service: NodeService(id: "i", service: "s", weights: nil))

    @Test(arguments: [[], [full()], [bare], [full(), bare, full("db")]])
    func `Every field comes back`(instances: [ServiceInstance]) throws {
        let bytes = try ServiceEncoding.bytes(of: instances)
        #expect(try ServiceDecoding.instances(bytes, name: "web") == instances)
        #expect(try ReceivedResource().checkService(bytes, name: "web").instanceCount == instances.count)
        #expect(try WireExportedService(serializedBytes: bytes).deterministicBytes() == bytes)
    }

    @Test func `A service without instances is no bytes, and a bare one says only what must be said`() throws {
        #expect(try ServiceEncoding.bytes(of: []).isEmpty)
        // Node {Node: n}, Service {ID: i, Service: s, EnterpriseMeta: {}}.
        let bytes: [UInt8] =
            [0x0A, 0x10, 0x0A, 0x03, 0x12, 0x01, 0x6E]
            + [0x12, 0x09, 0x12, 0x01, 0x69, 0x1A, 0x01, 0x73, 0x82, 0x01, 0x00]
        #expect(try ServiceEncoding.bytes(of: [Self.bare]) == bytes)
    }

    @Test func `What Consul leaves out is left out, and what it sends empty is sent`() throws {
        let message = try WireExportedService(serializedBytes: ServiceEncoding.bytes(of: [Self.full()])).nodes[0]
        #expect(!message.node.hasRaftIndex && message.node.peerName.isEmpty && message.node.partition.isEmpty)
        #expect(!message.service.hasRaftIndex && message.service.peerName.isEmpty)
        #expect(message.service.hasEnterpriseMeta && message.service.enterpriseMeta == WireEnterpriseMeta())
        #expect(message.service.hasWeights && message.service.weights.warning == 0)
        for check in message.checks {
            #expect(check.hasEnterpriseMeta && check.enterpriseMeta == WireEnterpriseMeta())
            #expect(!check.hasRaftIndex && !check.hasDefinition && check.peerName.isEmpty)
        }
    }

    @Test func `The same values give the same bytes, however their maps were filled`() throws {
        let keys = (0..<50).map { "key-\($0)" }
        func instance(_ keys: [String], capacity: Int) -> ServiceInstance {
            var instance = Self.bare
            instance.node.meta.reserveCapacity(capacity)
            instance.service.taggedAddresses.reserveCapacity(capacity)
            for key in keys {
                instance.node.meta[key] = "v"
                instance.service.taggedAddresses[key] = ServiceAddress(address: key, port: 1)
            }
            return instance
        }
        let bytes = try ServiceEncoding.bytes(of: [instance(keys, capacity: 0)])
        for capacity in [64, 500, 5_000] {
            #expect(try ServiceEncoding.bytes(of: [instance(keys.reversed(), capacity: capacity)]) == bytes)
        }
    }

    @Test func `Numbers beyond 32 bits are refused by name, and the extremes pass`() throws {
        let beyond = [Int(Int32.max) + 1, Int(Int32.min) - 1]
        let changes: [(String, (inout NodeService, Int) -> Void)] = [
            ("port", { $0.port = $1 }),
            ("weight", { $0.weights = Weights(passing: $1) }),
            ("weight", { $0.weights = Weights(warning: $1) }),
            ("port of the tagged address wan", { $0.taggedAddresses["wan"] = ServiceAddress(address: "", port: $1) }),
            ("port q", { $0.ports = [ServicePort(port: $1, name: "q")] }),
            ("local port", { $0.proxy = ProxyConfiguration(localServicePort: $1) }),
        ]
        for (name, change) in changes {
            for value in beyond {
                var instance = Self.bare
                change(&instance.service, value)
                let error = #expect(throws: UntranslatableValue.self) { try ServiceEncoding.bytes(of: [instance]) }
                #expect(error?.description == "The \(name) of service s is \(value), which no peer can read.")
            }
            for value in [Int(Int32.max), Int(Int32.min)] {
                var instance = Self.bare
                change(&instance.service, value)
                let bytes = try ServiceEncoding.bytes(of: [instance])
                #expect(try ServiceDecoding.instances(bytes, name: "s") == [instance])
            }
        }
    }

    @Test func `The list is sorted by bytes`() throws {
        let bytes = try ServiceEncoding.bytes(ofList: ["b", "é", "a", "Z", "e"])
        #expect(try ReceivedResource().serviceList(bytes) == ["Z", "a", "b", "e", "é"])
    }

    @Test func `What Consul sent survives the way through the catalog, up to the order of maps`() throws {
        var count = 0
        for (name, bytes) in try Self.recordedServices() {
            count += 1
            let again = try ServiceEncoding.bytes(of: ServiceDecoding.instances(bytes, name: name))
            #expect(try WireExportedService(serializedBytes: again) == WireExportedService(serializedBytes: bytes))
            #expect(again.count == bytes.count)
        }
        #expect(count > 15)
    }

    @Test func `Bytes that are no service are refused`() {
        #expect(throws: ResourceRejection.self) { try ServiceDecoding.instances([0x0A, 0xFF], name: "web") }
        #expect(throws: ResourceRejection.self) { try ServiceDecoding.instances([0x0A, 0x00], name: "web") }
    }

    private static func recordedServices() throws -> [(String, [UInt8])] {
        struct Frame: Decodable {
            struct Message: Decodable { var hex: String }
            var grpc: [Message]?
        }
        let fixtures = URL(filePath: #filePath).appending(path: "../../../Fixtures/consul").standardized
        var services: [(String, [UInt8])] = []
        for name in ["wire/conn-1", "gw-mesh/wire/conn-4", "gw-plain/wire/conn-4", "gw-plain-tcp/wire/conn-4"] {
            let text = try String(contentsOf: fixtures.appending(path: "\(name).hex.jsonl"), encoding: .utf8)
            for line in text.split(separator: "\n") {
                for message in try JSONDecoder().decode(Frame.self, from: Data(line.utf8)).grpc ?? [] {
                    let digits = Array(message.hex.utf8)
                    let bytes = stride(from: 0, to: digits.count, by: 2).map {
                        UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)!
                    }
                    guard case .response(let response) = try PeerMessage(ByteBuffer(bytes: bytes)),
                        response.url == .exportedService, let resource = response.resource
                    else { continue }
                    services.append((response.id, resource.bytes))
                }
            }
        }
        return services
    }
}
