import ACLCore
import ConfigCore
import DocumentCore
import IdentityCore
import ReplicationCore
import StateCore

/// `/v1/hawser/exports/plan`: what peers see now, and what a change of the exports would do to them. Nothing is changed.
enum ExportPlanRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "hawser/exports/plan",
                ("GET", .mesh(.read), { request throws(Refusal) in plan(request, environment, with: nil) }),
                (
                    "POST", .mesh(.read),
                    { request throws(Refusal) in
                        plan(request, environment, with: try await entry(in: request, environment))
                    }
                )
            )
            .documented("GET", planDocument)
            .documented("POST", proposalDocument)
        ]
    }

    private static let planDocument = OperationDocument(
        summary: "What each peer sees now.", parameters: [peer], answer: plans)

    private static let proposalDocument = OperationDocument(
        summary: "What an exported-services entry would do to each peer if it were written.", parameters: [peer],
        body: .object([
            ("Kind", .oneOf([ConfigEntryKind.exportedServices.rawValue])), ("Name", .oneOf(["default"])),
            ("Services", .optional(.orNull(.list(.anyObject)))),
        ]), answer: plans)

    private static let peer = OperationDocument.Parameter("peer", .text, "The name of one peer; without it, all.")

    private static let plans = OperationDocument.Answer.json(
        .object([
            ("WithdrawLimitPercent", .integer), ("MaxMessageBytes", .integer),
            (
                "Peers",
                .list(
                    .object([
                        ("Peer", .text), ("HasPeering", .boolean), ("Gained", .integer), ("Lost", .integer),
                        ("LostPercent", .integer), ("IsOverLimit", .boolean),
                        (
                            "Services",
                            .list(
                                .object([
                                    ("Service", .text), ("Change", .text), ("Instances", .integer),
                                    ("Bytes", .integer), ("Fits", .boolean),
                                ]))
                        ),
                    ]))
            ),
        ]))

    private static func entry(
        in request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> ConfigEntry {
        let entry = try ConfigRoutes.entry(in: try await request.body(), environment)
        guard entry.kind == .exportedServices else {
            throw Refusal(.invalid, "the plan is for an exported-services entry, and this is a \(entry.kind.rawValue)")
        }
        return entry
    }

    /// - Parameter entry: nil for things as they are.
    private static func plan(
        _ request: APIRequest, _ environment: APIEnvironment, with entry: ConfigEntry?
    ) -> APIAnswer {
        let state = environment.dependencies.store.state
        let next = entry.map { state.assuming($0) } ?? state
        let chosen = request.query.text("peer")
        let peers = chosen.map { [$0] } ?? ExportPreview.peers(now: state, next: next)
        let measures = environment.dependencies.exports
        return .json { json in
            json.object { json in
                json.field("WithdrawLimitPercent", measures.withdrawLimit)
                json.field("MaxMessageBytes", measures.maxMessageBytes)
                json.list("Peers", peers) { json, peer in
                    json.preview(ExportPreview(for: peer, now: state, next: next), next, measures)
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func preview(_ preview: ExportPreview, _ next: State, _ measures: ExportMeasures) {
        object { json in
            json.field("Peer", preview.peer)
            json.field("HasPeering", next.peering(named: preview.peer) != nil)
            json.field("Gained", preview.count(.gained))
            json.field("Lost", preview.count(.lost))
            json.field("LostPercent", preview.lostPercent)
            json.field("IsOverLimit", preview.lostPercent > measures.withdrawLimit)
            json.list("Services", preview.services) { json, service in
                let size = measures.size(service.name, next)
                json.object { json in
                    json.field("Service", service.name)
                    json.field("Change", service.change.rawValue)
                    json.field("Instances", size?.instances ?? 0)
                    json.field("Bytes", size?.bytes ?? 0)
                    json.field("Fits", size.map { $0.bytes <= measures.maxMessageBytes } ?? false)
                }
            }
        }
    }
}
