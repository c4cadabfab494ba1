import ACLCore
import DocumentCore
import Hummingbird
import IdentityCore
import NIOCore
import PeeringCore
import ReplicationCore
import StateCore

/// `/v1/hawser/watch`: every replicated change as a line of JSON, after a line for each service that is imported
/// already. Ends when the client leaves or the daemon shuts down.
///
/// A client that reads slowly holds up only itself: what it missed is counted and told.
enum WatchRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "hawser/watch",
                ("GET", .operator(.read), { request throws(Refusal) in try watch(request, environment) })
            ).documented("GET", watchDocument)
        ]
    }

    private static let watchDocument = OperationDocument(
        summary: "Every replicated change as a line, after a line for each service that is imported already.",
        parameters: [
            .init("peer", .text, "The name of one peering; without it, all."),
            .init("format", .oneOf(["jsonl"]), "What comes without it too."),
        ],
        answer: .lines(
            .object([
                ("number", .optional(.integer)), ("time", .optional(.time)), ("peer", .optional(.text)),
                ("direction", .optional(.text)), ("what", .optional(.text)), ("name", .optional(.text)),
                ("present", .optional(.boolean)), ("old", .optional(.integer)), ("new", .optional(.integer)),
                ("missed", .optional(.integer)),
            ])))

    private static func watch(_ request: APIRequest, _ environment: APIEnvironment) throws(Refusal) -> APIAnswer {
        if let format = request.query.text("format"), format != "jsonl" {
            throw Refusal(.invalid, "Invalid format, valid formats are {jsonl}")
        }
        let peer = request.query.text("peer")
        let context = request.context
        let access = request.access
        return APIAnswer(
            content: .stream { writer in
                let client = await context.client()
                // Taken before the snapshot: a change in between is told twice rather than not at all.
                let next = environment.dependencies.log.nextNumber
                try await writePresent(peer: peer, environment, &writer)
                try await writeEvents(from: next, peer: peer, client: client, access, environment, &writer)
            })
    }

    @concurrent
    private static func writePresent(
        peer: String?, _ environment: APIEnvironment, _ writer: inout any ResponseBodyWriter
    ) async throws {
        let state = environment.dependencies.store.state
        let time = environment.dependencies.now()
        var lines = ByteBuffer()
        var count = 0
        for peering in state.sortedPeerings where peer == nil || peering.name == peer {
            for (name, service) in state.imports[peering.id]?.services.sorted(by: { $0.key < $1.key }) ?? [] {
                let event = ReplicationEvent(
                    time: time, peer: peering.name, direction: .imported, what: .service, name: name, oldCount: 0,
                    newCount: service.instanceCount)
                lines.write(event, isPresent: true)
                count += 1
                guard count == environment.limits.watchBatch else { continue }
                try await writer.write(lines)
                lines.clear()
                count = 0
            }
        }
        // An empty chunk would end the answer.
        if count > 0 { try await writer.write(lines) }
    }

    @concurrent
    private static func writeEvents(
        from first: UInt64, peer: String?, client: ClientGone, _ access: Access, _ environment: APIEnvironment,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        let log = environment.dependencies.log
        var next = first
        while !client.isGone, !Task.isCancelled {
            // Who lost their right meanwhile hears nothing more.
            try access.renew()
            let (missed, events) = log.events(from: next, limit: environment.limits.watchBatch)
            next += missed + UInt64(events.count)
            var lines = ByteBuffer()
            if missed > 0 { lines.write(missed: missed) }
            for event in events where peer == nil || event.peer == peer { lines.write(event, isPresent: false) }
            if lines.readableBytes > 0 { try await writer.write(lines) }
            guard events.isEmpty else { continue }
            let wanted = next
            let outcome = await Waiting.wait(until: nil, client: client) { await log.wait(for: wanted) }
            guard outcome == .woken else { return }
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ event: ReplicationEvent, isPresent: Bool) {
        var json = JSONWriter()
        json.object { json in
            if !isPresent { json.field("number", event.number) }
            json.field("time", event.time.rfc3339)
            json.field("peer", event.peer)
            json.field("direction", event.direction.rawValue)
            json.field("what", event.what.rawValue)
            json.field("name", event.name)
            if isPresent { json.field("present", true) } else { json.field("old", event.oldCount) }
            json.field("new", event.newCount)
        }
        writeBytes(json.bytes)
        writeInteger(UInt8(ascii: "\n"))
    }

    fileprivate mutating func write(missed: UInt64) {
        var json = JSONWriter()
        json.object { $0.field("missed", missed) }
        writeBytes(json.bytes)
        writeInteger(UInt8(ascii: "\n"))
    }
}
