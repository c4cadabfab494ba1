import ACLCore
import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/config` (protocol section 8.4).
enum ConfigRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route("config", ("PUT", .handler, { request throws(Refusal) in try await write(request, environment) })),
            Route(
                "config/:kind", ("GET", .filter, { request throws(Refusal) in try await list(request, environment) })),
            Route(
                "config/:kind/:name",
                ("GET", needs(.read), { request throws(Refusal) in try await read(request, environment) }),
                ("DELETE", needs(.write), { request throws(Refusal) in try await delete(request, environment) })),
        ]
    }

    /// For the entry that the path names; what is no kind needs nothing, and is refused by the handler.
    private static func needs(_ level: AccessLevel) -> RouteNeed {
        .permission { request in
            let kind = ConfigEntryKind(rawValue: request.captures[0])
            let permission = kind.flatMap { ConfigEntryKey(kind: $0, name: request.captures[1]).permission(level) }
            return permission.map { [$0] } ?? []
        }
    }

    private static func write(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let expected = try request.query.number("cas")
        let entry = try entry(in: try await request.body(), environment)
        try request.access.requireWrite(of: entry)
        let command = WriteConfigEntry(entry: entry, expectedIndex: expected)
        let isWritten = try await environment.dependencies.store.apply(command)
        return .json { $0.value(isWritten) }
    }

    /// The entry in the body of a request.
    static func entry(in bytes: [UInt8], _ environment: APIEnvironment) throws(Refusal) -> ConfigEntry {
        do throws(DocumentProblems) {
            return try ConfigEntry.decode(
                json: bytes, limits: DocumentLimits(maxBytes: environment.limits.maxBodyBytes))
        } catch {
            throw Refusal(.invalid, error.problems.consulRefusal)
        }
    }

    private static func delete(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let expected = try request.query.number("cas")
        let key = ConfigEntryKey(kind: try kind(request.captures[0]), name: request.captures[1])
        let command = DeleteConfigEntry(key: key, expectedIndex: expected)
        let isDeleted = try await environment.dependencies.store.apply(command)
        guard expected != nil else { return .json { json in json.object { _ in } } }
        return .json { $0.value(isDeleted) }
    }

    private static func read(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let key = ConfigEntryKey(kind: try kind(request.captures[0]), name: request.captures[1])
        return try await environment.query(request, interest: .configEntries) { state, numbers in
            guard let stored = state.configEntries[key] else {
                return QueryResult(
                    index: numbers.config,
                    Refusal(.notFound, "Config entry not found for \"\(key.kind.rawValue)\" / \"\(key.name)\""))
            }
            return QueryResult(index: stored.modifyIndex) { $0.value(stored) }
        }
    }

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let kind = try kind(request.captures[0])
        return try await environment.query(request, interest: .configEntries) { state, numbers in
            let all = state.configEntries.values.filter { $0.entry.kind == kind }
                .sorted { $0.entry.name < $1.entry.name }
            let entries = request.access.filter(all) { $1.sees($0) }
            return QueryResult(index: numbers.config) { json in json.list(entries) { $0.value($1) } }
        }
    }

    private static func kind(_ text: String) throws(Refusal) -> ConfigEntryKind {
        guard let kind = ConfigEntryKind(rawValue: text) else {
            throw Refusal(.invalid, "invalid config entry kind: \(text)")
        }
        return kind
    }
}

extension [DocumentProblem] {
    /// What Consul answers: it looks at rules only once all is decoded, and at unknown keys once all has the right
    /// type.
    fileprivate var consulRefusal: String {
        let ofDecoding = filter { $0.code != .invalid }
        guard !ofDecoding.isEmpty else { return map(\.sentence).joined(separator: "; ") }
        let ofTypes = ofDecoding.filter { $0.code != .unknownKey }
        let reasons =
            ofTypes.isEmpty ? ofDecoding.goMultiError : ofTypes.map(\.sentence).joined(separator: "; ")
        return "Request decoding failed: \(reasons)"
    }
}

extension JSONWriter {
    fileprivate mutating func value(_ stored: StoredConfigEntry) {
        stored.entry.write(to: &self, createIndex: stored.createIndex, modifyIndex: stored.modifyIndex)
    }
}
