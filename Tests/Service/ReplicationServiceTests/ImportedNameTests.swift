import HawserTestKit
import IdentityCore
import Logging
import NIOConcurrencyHelpers
import PeeringCore
import PeeringWire
import ReplicationCore
import StateCore
import SwiftProtobuf
import Testing

@testable import ReplicationService

/// Names that a peer sends: a resource with a wrong one is refused alone.
@Suite("Names from a peer")
struct ImportedNameTests {
    /// The state after a stream has brought resources, and what it answered.
    private func imported(_ resources: [ResourceResponse]) async throws -> (state: State, answers: [ControlMessage]) {
        let store = try await StateStore(testing: MemoryStorage())
        let id = PeeringID("0fc3a15c-1d0c-4a8e-9c55-8f2e0a1b2c3d")
        _ = try await store.apply(
            GenerateToken(
                name: "island", meta: [:], newID: id, establishment: SecretDigest(bytes: Array(repeating: 1, count: 32))
            ))
        let peering = try #require(store.state.peerings[id])
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let environment = ReplicationEnvironment(
            store: store, board: StatusBoard(store: store), encoder: ResourceEncoder { _ in [] },
            logger: logger, now: { Timestamp(seconds: 1) })
        let core = NIOLockedValueBox(
            StreamCore(
                machine: PeerStreamMachine(role: .acceptor, timing: PeerStreamMachine.Timing(), now: .zero),
                exporter: Exporter(peerName: "island", offersServerAddresses: false, state: store.state)))
        _ = core.withLockedValue { $0.takeControls() }
        let importer = StreamImporter(
            context: StreamContext(environment, peering: peering), core: core, pulse: Pulse())
        let queue = BoundedQueue<[StreamCore.ReceivedResponse]>(capacity: 1_000)
        let received = try resources.map { response in
            StreamCore.ReceivedResponse(kind: try #require(ResourceKind(response.url)), response: response)
        }
        await queue.push(received, weight: received.count)
        queue.finish()
        await importer.run(queue)
        return (store.state, core.withLockedValue { $0.takeControls() })
    }

    private func service(
        _ name: String, nonce: UInt64, _ change: (inout WireCheckServiceNode) -> Void = { _ in }
    ) throws -> ResourceResponse {
        var instance = WireCheckServiceNode()
        instance.node.node = "n"
        instance.service.id = "web-1"
        instance.service.service = "web"
        instance.service.proxy.destinationServiceName = "web"
        instance.checks = [.with { $0.checkID = "web-1:overall-check" }]
        change(&instance)
        let bytes = try WireExportedService.with { $0.nodes = [instance] }.deterministicBytes()
        return .upsert(bytes, of: .exportedService, id: name, nonce: nonce)
    }

    private func names(in state: State) -> [String] {
        state.imports.values.flatMap { Array($0.services.keys) }.sorted()
    }

    @Test func aServiceWithAWrongNameIsRefusedAlone() async throws {
        let good = try [service("first", nonce: 1), service("last", nonce: 99)]
        for wrong in Names.wrong {
            let (state, answers) = try await imported([good[0], service(wrong.name, nonce: 2), good[1]])
            #expect(names(in: state) == ["first", "last"])
            let refusals = answers.compactMap { answer -> String? in
                guard case .refuse(_, _, let error) = answer else { return nil }
                return error.message
            }
            #expect(answers.count == 3 && refusals.count == 1)
            #expect(
                refusals.first?.contains(": the name must ") == true && refusals.first?.contains(wrong.words) == true)
            let isClean = refusals.first?.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            #expect(isClean == true)
        }
    }

    private static let places: [(field: String, set: @Sendable (inout WireCheckServiceNode, String) -> Void)] = [
        ("the node name", { $0.node.node = $1 }), ("the node ID", { $0.node.id = $1 }),
        ("the datacenter", { $0.node.datacenter = $1 }), ("the service ID", { $0.service.id = $1 }),
        ("the service name", { $0.service.service = $1 }),
        ("the destination's name", { $0.service.proxy.destinationServiceName = $1 }),
        ("the destination's ID", { $0.service.proxy.destinationServiceID = $1 }),
        ("the ID of a check", { $0.checks[0].checkID = $1 }), ("the node of a check", { $0.checks[0].node = $1 }),
        ("the service ID of a check", { $0.checks[0].serviceID = $1 }),
        ("the service name of a check", { $0.checks[0].serviceName = $1 }),
    ]

    @Test func anInstanceWithAWrongNameTakesItsServiceAlongAndNoOther() async throws {
        for place in Self.places {
            for wrong in Names.wrong {
                let (state, answers) = try await imported([
                    service("first", nonce: 1), service("web", nonce: 2) { place.set(&$0, wrong.name) },
                    service("last", nonce: 3),
                ])
                #expect(names(in: state) == ["first", "last"])
                guard case .refuse(_, _, let error) = answers[1] else {
                    Issue.record("\(place.field) \(wrong) was taken")
                    continue
                }
                #expect(error.message.contains(": instance 0: \(place.field) must "), "\(error.message)")
                #expect(error.message.contains(wrong.words))
            }
        }
    }

    @Test func rightNamesAreTaken() async throws {
        let rights = Names.right + [String(repeating: "n", count: 255) + "-sidecar-proxy"]
        for name in rights {
            let (state, answers) = try await imported([
                service(name, nonce: 1) { instance in
                    for place in Self.places { place.set(&instance, name) }
                }
            ])
            #expect(names(in: state) == [name])
            #expect(answers == [.acknowledge(nonce: Nonce.text(1), url: ResourceURL.exportedService.string)])
        }
    }

    /// A list must take away what is gone, whatever else stands in it.
    @Test func aListIsTakenWithoutItsWrongNames() async throws {
        let list = WireExportedServiceList.with { $0.services = ["first"] + Names.wrong.map(\.name) + ["é"] }
        let response = ResourceResponse.upsert(
            try list.deterministicBytes(), of: .exportedServiceList, id: ResourceID.exportedServiceList, nonce: 3)
        let (state, answers) = try await imported([service("first", nonce: 1), service("gone", nonce: 2), response])
        #expect(names(in: state) == ["first"])
        #expect(state.imports.values.flatMap { Array($0.announced ?? []) }.sorted() == ["first", "é"])
        #expect(answers.count == 3)
    }
}
