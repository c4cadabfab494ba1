import NIOCore
import SwiftProtobuf
import Testing

@testable import PeeringWire

@Suite("Recordings of Consul")
struct RecordingTests {
    @Test func `There are recordings`() {
        #expect(Recordings.streams.count == 45 + 3 * 24)
        #expect(Recordings.exchanges.count == 4 * 2)
    }

    @Test(arguments: Recordings.streams)
    func `A stream's message is read the fast way and written byte for byte`(message: RecordedMessage) throws {
        let buffer = ByteBuffer(within: message.bytes)
        let read = try PeerMessage(buffer)
        #expect(read.bytes == message.bytes)
        #expect(try PeerMessage.generated(buffer) == read)
        if case .open = read { return }
        #expect(try PeerMessage.direct(buffer) == read)
    }

    @Test(arguments: Recordings.exchanges)
    func `An exchange's message is written byte for byte`(message: RecordedMessage) throws {
        if message.fromDialer {
            let request = try WireExchangeSecretRequest(serializedBytes: message.bytes)
            #expect(request.unknownFields.data.isEmpty && !request.establishmentSecret.isEmpty)
            #expect(try request.deterministicBytes() == message.bytes)
        } else {
            let response = try WireExchangeSecretResponse(serializedBytes: message.bytes)
            #expect(response.unknownFields.data.isEmpty && !response.streamSecret.isEmpty)
            #expect(try response.deterministicBytes() == message.bytes)
        }
    }

    /// Go writes maps in any order, so an order of ours that differs in bytes must not differ in meaning.
    @Test func `A resource has no unknown field and is written to the same meaning, mostly to the same bytes`() throws {
        let services = try Recordings.resources(of: .exportedService)
        #expect(services.count > 15)
        for (id, bytes) in services {
            let service = try ReceivedResource().service(bytes, name: id)
            for instance in service.nodes { expectNoUnknownFields(instance) }
            let again = try service.deterministicBytes()
            #expect(again.count == bytes.count)
            #expect(try WireExportedService(serializedBytes: again) == service)
            #expect(again == bytes || again.sorted() == bytes.sorted(), "\(id)")
            #expect(ServiceScanner.count(bytes, limits: ResourceLimits()) == service.nodes.count)
            let checked = try ReceivedResource().checkService(bytes, name: id)
            #expect(checked.instanceCount == service.nodes.count && checked.nodes == ServiceNodes.of(service))
            #expect(ServiceNodes.read(bytes) == checked.nodes)
        }
    }

    private func expectNoUnknownFields(_ instance: WireCheckServiceNode) {
        #expect(instance.unknownFields.data.isEmpty)
        #expect(instance.node.unknownFields.data.isEmpty)
        #expect(instance.service.unknownFields.data.isEmpty)
        #expect(instance.service.hasEnterpriseMeta)
        for check in instance.checks {
            #expect(check.unknownFields.data.isEmpty)
            #expect(check.hasEnterpriseMeta)
        }
    }

    @Test func `Lists, trust bundles and addresses are written byte for byte`() throws {
        let received = ReceivedResource()
        for (_, bytes) in try Recordings.resources(of: .exportedServiceList) {
            var list = WireExportedServiceList()
            list.services = try received.serviceList(bytes)
            #expect(try list.deterministicBytes() == bytes)
        }
        let bundles = try Recordings.resources(of: .trustBundle)
        #expect(!bundles.isEmpty)
        for (_, bytes) in bundles {
            let bundle = try received.trustBundle(bytes)
            #expect(bundle.rootPems.allSatisfy { $0.hasPrefix("-----BEGIN CERTIFICATE-----") })
            #expect(try bundle.deterministicBytes() == bytes)
        }
        let addresses = try Recordings.resources(of: .serverAddresses)
        #expect(!addresses.isEmpty)
        for (_, bytes) in addresses {
            var message = WirePeeringServerAddresses()
            message.addresses = try received.serverAddresses(bytes)
            #expect(!message.addresses.isEmpty)
            #expect(try message.deterministicBytes() == bytes)
        }
    }
}
