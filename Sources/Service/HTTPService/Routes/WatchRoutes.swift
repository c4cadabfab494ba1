import ACLCore
import DocumentCore
import Hummingbird
import IdentityCore
import NIOCore
import PeeringCore
import ReplicationCore
import StateCore

/// `/v1/hawser/watch`: the replication log as lines of JSON. From a number or a time on, if one is named; else after a
/// line for each service that is imported already. Ends when the client leaves or the daemon shuts down.
///
/// A client that reads slowly holds up only itself: what was trimmed meanwhile is counted and told.
enum WatchRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "hawser/watch",
                ("GET", .operator(.read), { request throws(Refusal) in try watch(request, environment) })
            ).documented("GET", watchDocument),
            Route(
                "hawser/log",
                ("GET", .operator(.read), { request throws(Refusal) in try await head(environment) })
            ).documented("GET", headDocument),
        ]
    }

    private static let watchDocument = OperationDocument(
        summary: "The replication log as lines, after a line for each imported service if no beginning is named.",
        parameters: [
            .init("peer", .text, "The name of one peering; without it, all."),
            .init("service", .text, "The name of one service; without it, all."),
            .init("since", .text, "The number of the first event, or an age such as 1h."),
            .init("follow", .boolean, "false ends the answer with the last event."),
            .init("format", .oneOf(["jsonl"]), "The default."),
        ],
        answer: .lines(
            .object([
                ("number", .optional(.integer)), ("time", .optional(.time)), ("peer", .optional(.text)),
                ("direction", .optional(.text)), ("what", .optional(.text)), ("name", .optional(.text)),
                ("change", .optional(.text)), ("present", .optional(.boolean)), ("old", .optional(.integer)),
                ("new", .optional(.integer)),
                (
                    "fields",
                    .optional(
                        .list(.object([("path", .text), ("old", .optional(.text)), ("new", .optional(.text))])))
                ),
                ("previous", .optional(.text)), ("missed", .optional(.integer)),
            ])))

    private static let headDocument = OperationDocument(
        summary: "Where the replication log begins and ends.",
        answer: .json(.object([("Oldest", .integer), ("Next", .integer), ("Hash", .text)])))

    private static func head(_ environment: APIEnvironment) async throws(Refusal) -> APIAnswer {
        let log = ReplicationLog(environment.dependencies.store)
        let head = log.head
        let oldest = try await log.oldest()
        return .json { json in
            json.object {
                $0.field("Oldest", oldest)
                $0.field("Next", head.nextNumber)
                $0.field("Hash", head.hash)
            }
        }
    }

    /// What a client wants to see.
    private struct Wish: Sendable {
        enum Start: Sendable {
            case now
            case number(UInt64)
            case time(Timestamp)
        }

        var peer: String?
        var service: String?
        var start: Start
        var follows: Bool

        /// Whether every line goes out as it is stored.
        var isUnfiltered: Bool { peer == nil && service == nil && !isSinceTime }
        private var isSinceTime: Bool { if case .time = start { true } else { false } }

        func includes(_ event: ReplicationEvent) -> Bool {
            if let peer, event.peer != peer { return false }
            if let service, event.what != .service || event.name != service { return false }
            if case .time(let time) = start, event.time < time { return false }
            return true
        }

        init(_ query: RequestQuery, now: Timestamp) throws(Refusal) {
            peer = query.text("peer")
            service = query.text("service")
            follows = query.text("follow") != "false"
            start = .now
            guard let since = query.text("since") else { return }
            if let number = UInt64(since) {
                start = .number(number)
            } else if let age = GoDuration(since)?.nanoseconds, age >= 0 {
                start = .time(Timestamp(nanoseconds: max(0, now.nanoseconds) - age))
            } else {
                throw Refusal(
                    .invalid,
                    "Invalid since value \"\(since)\": write the number of an event, such as 120, or an age, such as 1h"
                )
            }
        }
    }

    private static func watch(_ request: APIRequest, _ environment: APIEnvironment) throws(Refusal) -> APIAnswer {
        if let format = request.query.text("format"), format != "jsonl" {
            throw Refusal(.invalid, "Invalid format, valid formats are {jsonl}")
        }
        let wish = try Wish(request.query, now: environment.dependencies.now())
        let context = request.context
        let access = request.access
        return APIAnswer(
            content: .stream { writer in
                let client = await context.client()
                let first = try await start(wish, environment, &writer)
                try await writeEvents(from: first, wish, client: client, access, environment, &writer)
            })
    }

    /// - Returns: the number of the first event to write.
    @concurrent
    private static func start(
        _ wish: Wish, _ environment: APIEnvironment, _ writer: inout any ResponseBodyWriter
    ) async throws -> UInt64 {
        let log = ReplicationLog(environment.dependencies.store)
        switch wish.start {
        case .number(let number): return max(1, number)
        case .time(let time): return try await log.number(since: time)
        case .now:
            // Taken before the snapshot: a change in between is told twice rather than not at all.
            let next = log.head.nextNumber
            try await writePresent(wish, environment, &writer)
            return next
        }
    }

    @concurrent
    private static func writePresent(
        _ wish: Wish, _ environment: APIEnvironment, _ writer: inout any ResponseBodyWriter
    ) async throws {
        let state = environment.dependencies.store.state
        let time = environment.dependencies.now()
        var lines = ByteBuffer()
        var count = 0
        for peering in state.sortedPeerings where wish.peer == nil || peering.name == wish.peer {
            for (name, service) in state.imports[peering.id]?.services.sorted(by: { $0.key < $1.key }) ?? []
            where wish.service == nil || name == wish.service {
                lines.write(
                    present: ReplicationEvent(
                        time: time, peer: peering.name, direction: .imported, what: .service, name: name, oldCount: 0,
                        newCount: service.instanceCount))
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
        from first: UInt64, _ wish: Wish, client: ClientGone, _ access: Access, _ environment: APIEnvironment,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        let log = ReplicationLog(environment.dependencies.store)
        let end = wish.follows ? nil : log.head.nextNumber
        var next = first
        while !client.isGone, !Task.isCancelled {
            // Who lost their right meanwhile hears nothing more.
            try access.renew()
            if let end, next >= end { return }
            let page = try await log.page(from: next, limit: environment.limits.watchBatch)
            next = page.next
            var lines = ByteBuffer()
            if page.trimmed > 0 { lines.write(missed: page.trimmed) }
            for line in page.lines where wish.isUnfiltered || EventCoding.decode(line).map(wish.includes) ?? false {
                lines.writeBytes(line)
                lines.writeInteger(UInt8(ascii: "\n"))
            }
            if lines.readableBytes > 0 { try await writer.write(lines) }
            guard page.lines.isEmpty else { continue }
            if end != nil { return }
            let wanted = next
            let outcome = await Waiting.wait(until: nil, client: client) { await log.wait(for: wanted) }
            guard outcome == .woken else { return }
        }
    }
}

extension ByteBuffer {
    /// A service that is imported already.
    fileprivate mutating func write(present event: ReplicationEvent) {
        var json = JSONWriter()
        json.object { json in
            json.field("time", event.time.rfc3339)
            json.field("peer", event.peer)
            json.field("direction", event.direction.rawValue)
            json.field("what", event.what.rawValue)
            json.field("name", event.name)
            json.field("present", true)
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
