import NIOCore
import SwiftProtobuf
import Testing

@testable import PeeringWire

@Suite("Received resources are checked")
struct ReceivedResourceTests {
    private func instance(_ change: (inout WireCheckServiceNode) -> Void = { _ in }) -> WireCheckServiceNode {
        var instance = WireCheckServiceNode()
        instance.node.node = "n"
        instance.service.id = "web-1"
        instance.service.service = "web"
        instance.checks = [.with { $0.checkID = "web-1:overall-check" }]
        change(&instance)
        return instance
    }

    private func bytes(_ instances: [WireCheckServiceNode]) throws -> [UInt8] {
        try WireExportedService.with { $0.nodes = instances }.deterministicBytes()
    }

    private func cause(_ bytes: [UInt8], limits: ResourceLimits = ResourceLimits()) -> String {
        let received = ReceivedResource(limits: limits)
        do {
            let service = try received.checkService(bytes, name: "web")
            return "\(service.instanceCount) instances"
        } catch {
            #expect(error.code == 13)
            let decoding = #expect(throws: ResourceRejection.self) { try received.service(bytes, name: "web") }
            #expect(decoding == error)
            let prefix =
                "upsert error, ResourceURL: \"type.googleapis.com/hashicorp.consul.internal.peerstream.ExportedService\", "
                + "ResourceID: \"web\": "
            #expect(error.message.hasPrefix(prefix))
            return String(error.message.dropFirst(prefix.count))
        }
    }

    @Test func `Names and IDs must not be empty`() throws {
        let prefix = "did not increment imported services count for service=\"web\": "
        #expect(try cause(bytes([])) == "0 instances")
        #expect(try cause(bytes([instance(), instance { $0.service.id = "web-2" }])) == "2 instances")
        #expect(try cause(bytes([instance { $0.checks = [] }])) == "1 instances")
        #expect(
            try cause(bytes([instance(), instance { $0.node.node = "" }])) == prefix + "instance 1 has no node name")
        #expect(try cause(bytes([instance { $0.clearNode() }])) == prefix + "instance 0 has no node name")
        #expect(try cause(bytes([instance { $0.service.id = "" }])) == prefix + "instance 0 has no service ID")
        #expect(try cause(bytes([instance { $0.clearService() }])) == prefix + "instance 0 has no service ID")
        #expect(
            try cause(bytes([instance { $0.checks.append(WireHealthCheck()) }]))
                == prefix + "a check of instance 0 has no ID")
    }

    /// Protocol section 4.9: rows are keyed by node and ID.
    @Test func `An instance that comes twice stands once, as it came last`() throws {
        let received = ReceivedResource()
        let elsewhere = instance { $0.node.node = "m" }
        let later = instance { $0.service.port = 81 }
        let distinct = try bytes([instance(), elsewhere])
        #expect(try received.checkService(distinct, name: "web").payload == distinct)
        let checked = try received.checkService(bytes([instance(), elsewhere, later]), name: "web")
        #expect(checked.instanceCount == 2)
        #expect(try checked.payload == bytes([later, elsewhere]))
        #expect(checked.nodes.map(\.name) == ["n", "m"])
    }

    @Test func `The nodes of a service are read without decoding it, each once`() throws {
        func nodes(_ instances: [WireCheckServiceNode]) throws -> [String] {
            let bytes = try bytes(instances)
            let fast = try #require(ServiceNodes.read(bytes))
            #expect(fast == ServiceNodes.of(try ReceivedResource().service(bytes, name: "web")))
            #expect(try ReceivedResource().checkService(bytes, name: "web").nodes == fast)
            return fast.map { "\($0.name) \($0.address)" }
        }
        func instance(_ node: String, _ address: String, _ id: String) -> WireCheckServiceNode {
            self.instance {
                $0.node.id = "0fc3a15c"
                $0.node.node = node
                $0.node.address = address
                $0.node.datacenter = "dc1"
                $0.service.id = id
            }
        }
        #expect(try nodes([]).isEmpty)
        #expect(try nodes([instance("n", "10.0.0.1", "1")]) == ["n 10.0.0.1"])
        #expect(try nodes([instance("n", "", "1"), instance("N", "host.example", "1")]) == ["n ", "N host.example"])
        let several = [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2"), ("c", "1"), ("b", "3")]
        #expect(try nodes(several.map { instance($0.0, "10.0.0.1", $0.1) }).map(\.first) == ["a", "b", "c"])
    }

    @Test func `Metadata keeps to Consul's limits`() throws {
        func problem(_ meta: [String: String]) throws -> String {
            try cause(bytes([instance { $0.service.meta = meta }]))
        }
        let pairs = Dictionary(uniqueKeysWithValues: (0..<65).map { ("k\($0)", "v") })
        let long = String(repeating: "k", count: 128)
        let fine = [long: String(repeating: "v", count: 512), "A-z_9": "", "consul": "x"]
        #expect(try problem(pairs.filter { $0.key != "k0" }) == "1 instances")
        #expect(try problem(fine) == "1 instances")
        for (meta, words) in [
            (pairs, "Node metadata cannot contain more than 64 key/value pairs"), (["": "x"], "Key cannot be blank"),
            ([long + "k": "x"], "Key is too long (limit: 128 characters)"),
            (["k": String(repeating: "v", count: 513)], "Value is too long (limit: 512 characters)"),
            (["a b": "x"], "Key contains invalid characters"), (["ä": "x"], "Key contains invalid characters"),
            (["consul-x": "x"], "Key prefix 'consul-' is reserved for internal use"),
        ] {
            #expect(try problem(meta).hasSuffix(words), "\(words)")
            #expect(
                try ServiceScanner.count(bytes([instance { $0.service.meta = meta }]), limits: ResourceLimits()) == nil)
        }
    }

    @Test func `Counts are bounded, and the bound itself is allowed`() throws {
        var limits = ResourceLimits()
        limits.maxInstances = 2
        limits.maxChecks = 1
        let prefix = "did not increment imported services count for service=\"web\": "
        let other = instance { $0.service.id = "web-2" }
        #expect(try cause(bytes([instance(), other]), limits: limits) == "2 instances")
        #expect(
            try cause(bytes([instance(), instance(), instance()]), limits: limits)
                == prefix + "3 instances are more than 2")
        #expect(
            try cause(bytes([instance { $0.checks.append($0.checks[0]) }]), limits: limits)
                == prefix + "instance 0 has more than 1 checks")
    }

    @Test func `Bytes that are no service are refused in Consul's words`() {
        #expect(cause([0x0A, 0x05, 0x00]).hasPrefix("failed to unmarshal resource: "))
        // A node whose name is not UTF-8.
        #expect(cause([0x0A, 0x05, 0x0A, 0x03, 0x12, 0x01, 0xFF]).hasPrefix("failed to unmarshal resource: "))
    }

    @Test func `The scanner accepts nothing that decoding refuses`() throws {
        let limits = ResourceLimits()
        let received = ReceivedResource()
        var accepted = 0
        var seen: Set<[UInt8]> = []
        for (_, original) in try Recordings.resources(of: .exportedService)
        where !original.isEmpty && seen.insert(original).inserted {
            for index in original.indices {
                for change in [UInt8(1), 2, 8, 128, 0xFF] {
                    var bytes = original
                    bytes[index] ^= change
                    guard let count = ServiceScanner.count(bytes, limits: limits) else { continue }
                    accepted += 1
                    let decoded = try? received.service(bytes, name: "web")
                    #expect(decoded?.nodes.count == count, "byte \(index) changed by \(change)")
                }
            }
        }
        #expect(accepted > 1000)
    }

    @Test func `Rare fields take the slow way and are accepted`() throws {
        let rare = instance {
            $0.service.proxy.upstreams = [.with { $0.destinationName = "db" }]
            $0.checks[0].definition.http = "http://localhost"
        }
        #expect(try ServiceScanner.count(bytes([rare]), limits: ResourceLimits()) == nil)
        #expect(try cause(bytes([rare])) == "1 instances")
    }

    @Test func `Lists, bundles and addresses are bounded`() throws {
        var limits = ResourceLimits()
        limits.maxServices = 1
        limits.maxRoots = 1
        limits.maxAddresses = 1
        let received = ReceivedResource(limits: limits)
        let two: [UInt8] = [0x0A, 1, 0x61, 0x0A, 1, 0x62]
        #expect(try received.serviceList([0x0A, 1, 0x61]) == ["a"])
        let list = #expect(throws: ResourceRejection.self) { try received.serviceList(two) }
        #expect(
            list?.message.hasSuffix(
                "did not update imported services based on the exported service list event: 2 services are more than 1")
                == true)
        // A name that is empty names nothing, as in Consul.
        #expect(try received.serviceList([0x0A, 0]) == [])
        #expect(throws: ResourceRejection.self) { try received.serverAddresses(two) }
        #expect(throws: ResourceRejection.self) { try received.trustBundle([0x22, 1, 0x61, 0x22, 1, 0x62]) }
        // Without roots the next dial would go without TLS.
        #expect(throws: ResourceRejection.self) { try received.trustBundle([]) }
        #expect(try received.trustBundle([0x22, 1, 0x61]).rootPems == ["a"])
        #expect(try received.serverAddresses([0x0A, 1, 0x61]) == ["a"])
    }

    @Test func `What a peer sent is cut in the texts`() {
        let long = ResourceURL.other(String(repeating: "e\u{301}", count: 1_000_000))
        let response = ResourceResponse.upsert([], of: .trustBundle, id: "roots", nonce: 1)
        #expect(ResourceRejection.mismatch(response, typeURL: long).message.utf8.count < 1_000)
    }
}
