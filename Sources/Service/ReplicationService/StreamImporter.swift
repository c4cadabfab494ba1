import DocumentCore
import IdentityCore
import Logging
import NIOConcurrencyHelpers
import PeeringCore
import PeeringWire
import ReplicationCore
import StateCore

/// Applies what the peer exports, batch by batch, and answers each resource after its batch is in the tables. One task
/// per stream runs it.
struct StreamImporter: Sendable {

    let context: StreamContext
    let core: NIOLockedValueBox<StreamCore>
    let pulse: Pulse
    private let opener = ReceivedResource(problemOfName: problem(ofName:))

    init(context: StreamContext, core: NIOLockedValueBox<StreamCore>, pulse: Pulse) {
        self.context = context
        self.core = core
        self.pulse = pulse
    }

    func run(_ queue: BoundedQueue<[StreamCore.ReceivedResponse]>) async {
        while let batches = await queue.popAll() {
            await apply(batches.flatMap { $0 })
        }
    }

    /// A resource that passed the checks, and its place among the answers.
    private struct Accepted {
        var place: Int
        var change: ImportedChange
    }

    private func apply(_ resources: [StreamCore.ReceivedResponse]) async {
        var answers: [ControlMessage] = []
        var accepted: [Accepted] = []
        answers.reserveCapacity(resources.count)
        accepted.reserveCapacity(resources.count)
        for (place, resource) in resources.enumerated() {
            do throws(ResourceRejection) {
                accepted.append(Accepted(place: place, change: try open(resource)))
                answers.append(.acknowledge(nonce: resource.response.nonce, url: resource.response.url.string))
            } catch {
                context.logger.warning("a resource of the peer was refused: \(error.message)")
                answers.append(resource.response.refusal(error))
            }
        }
        await commit(accepted, resources, &answers)
        let final = answers
        core.withLockedValue { $0.imported(final) }
        pulse.signal()
    }

    private func commit(
        _ accepted: [Accepted], _ resources: [StreamCore.ReceivedResponse], _ answers: inout [ControlMessage]
    ) async {
        guard !accepted.isEmpty else { return }
        do throws(Refusal) {
            let batch = ImportBatch(
                id: context.peering, changes: accepted.map(\.change), now: context.now(),
                limits: context.importLimits, difference: ServiceDifferences.between)
            let outcomes = try await context.store.apply(batch)
            for (item, outcome) in zip(accepted, outcomes) {
                guard let reason = outcome.lazy.compactMap(\.refusal).first else { continue }
                answers[item.place] = resources[item.place].response.refusal(because: reason)
            }
            note(accepted)
        } catch {
            context.logger.error("what the peer sent was not stored: \(error.message)")
            for item in accepted {
                answers[item.place] = resources[item.place].response.refusal(because: error.message)
            }
        }
    }

    // MARK: Checks

    /// The peer derives names from others: a service's proxies are sent under its name and a suffix.
    @Sendable
    private static func problem(ofName name: String) -> String? {
        NameRule.problem(of: name, atMost: NameRule.maxDerivedBytes)
    }

    private func open(
        _ resource: StreamCore.ReceivedResponse
    ) throws(ResourceRejection) -> ImportedChange {
        let response = resource.response
        guard let content = response.resource else { throw .noContent }
        guard content.typeURL == response.url else { throw .mismatch(response, typeURL: content.typeURL) }
        switch resource.kind {
        case .exportedService:
            guard !response.id.isEmpty else { throw .service("", cause: "the service has no name") }
            if let problem = Self.problem(ofName: response.id) {
                throw .service(response.id, cause: "the name \(problem)")
            }
            let service = try opener.checkService(content.bytes, name: response.id)
            return .service(
                name: response.id, payload: service.payload, instanceCount: service.instanceCount,
                nodes: service.nodes.map { ImportedNode(name: $0.name, address: $0.address) })
        case .exportedServiceList:
            return .serviceList(try opener.serviceList(content.bytes))
        case .trustBundle:
            let bundle = try opener.trustBundle(content.bytes)
            return .trustBundle(
                TrustBundle(
                    trustDomain: bundle.trustDomain, rootPEMs: bundle.rootPems.map(\.endingInNewline),
                    exportedPartition: bundle.exportedPartition))
        case .serverAddresses:
            return .serverAddresses(try opener.serverAddresses(content.bytes))
        }
    }

    // MARK: What is shown

    private func note(_ accepted: [Accepted]) {
        let now = context.now()
        var names: [String]?
        for item in accepted {
            if case .serviceList(let list) = item.change { names = list.sorted() }
        }
        if let names {
            context.board.change(context.peering) { status in
                status.lastReceive = now
                status.importedServices = names
            }
        } else {
            context.board.note(context.peering) { $0.lastReceive = now }
        }
    }
}

extension ResourceResponse {
    fileprivate func refusal(_ rejection: ResourceRejection) -> ControlMessage {
        .refuse(nonce: nonce, url: url.string, WireError(rejection))
    }

    /// The state refused it; the wording is what each kind's peers know (protocol section 4.4).
    fileprivate func refusal(because reason: String) -> ControlMessage {
        switch url {
        case .exportedService: refusal(ResourceRejection.service(id, cause: reason))
        case .exportedServiceList: refusal(ResourceRejection.list(cause: reason))
        case .trustBundle, .serverAddresses, .other: refusal(ResourceRejection.upsert(url, id: id, detail: reason))
        }
    }
}

extension String {
    fileprivate var endingInNewline: String { utf8.last == UInt8(ascii: "\n") ? self : self + "\n" }
}
