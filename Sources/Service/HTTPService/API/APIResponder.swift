import ACLCore
import ACLService
import HTTPTypes
import Hummingbird
import IdentityCore

/// Finds the route of each request, sees to it that its sender may do that, and turns what the route answers or
/// throws into a response.
struct APIResponder: HTTPResponder {
    let routes: RouteTable
    let limits: HTTPLimits
    let control: AccessControl
    let audit: AuditLog
    let counters: RequestCounters

    func respond(to request: Request, context: APIContext) async throws -> Response {
        counters.began()
        var answer: APIAnswer
        var isPretty = false
        switch find(request, context) {
        case .refused(let refusal): answer = refusal
        case .found(let route, let request):
            answer = await self.answer(route, request)
            answer.defaultPolicy = control.defaultAccess.rawValue
            answer.isFiltered = request.access.hasFiltered
            note(answer, to: request, isReport: route.isReport)
            isPretty = request.query.has("pretty")
        }
        counters.answered(answer.status.code)
        return answer.response(pretty: isPretty, limit: limits.maxAnswerBytes)
    }

    private enum Finding {
        case found(Route, APIRequest)
        case refused(APIAnswer)
    }

    private func find(_ request: Request, _ context: APIContext) -> Finding {
        let text = request.head.path ?? "/"
        guard text.utf8.count <= limits.maxTargetBytes else {
            let text = "the path and the query of a request may have \(limits.maxTargetBytes) bytes together"
            return .refused(APIAnswer(status: .uriTooLong, content: .text(text)))
        }
        let target = RequestTarget(text)
        guard let (route, captures) = routes.find(target.path) else { return .refused(unknown(target.path)) }
        let secret = Self.secret(of: request, target.query)
        let access = Access(control, Credential(secret: secret, isTrusted: context.isTrusted))
        let found = APIRequest(
            request, target: target, captures: captures, context: context, access: access,
            secret: secret.map(SecretText.init), limits: limits)
        return .found(route, found)
    }

    private func unknown(_ path: Substring) -> APIAnswer {
        if let refusal = AbsentFeature.refusal(of: path, hasAccessControl: control.isEnabled) {
            return .refusal(refusal)
        }
        let text = "Invalid URL path: not a recognized HTTP API endpoint"
        return APIAnswer(status: .notFound, content: .text(text))
    }

    private func answer(_ route: Route, _ request: APIRequest) async -> APIAnswer {
        if request.method == "OPTIONS" { return APIAnswer(content: .empty, allow: route.allow) }
        guard let method = route.methods.first(where: { $0.name == request.method }) else {
            return .methodNotAllowed(request.method, allow: route.allow)
        }
        do throws(Refusal) {
            try refuseEnterprise(request.query)
            switch method.needs {
            case .nothing: break
            case .token, .filter, .handler: try request.access.begin(requiring: [])
            case .permission(let permissions): try request.access.begin(requiring: permissions(request))
            }
            let answer = try await method.handler(request)
            guard !method.needs.isUpToHandler || request.access.hasAsked else {
                throw Refusal(.failed, "nobody asked whether this may be seen: this is a fault of hawser")
            }
            return answer
        } catch {
            return .refusal(error)
        }
    }

    /// In Consul's order. Other schemes of authorization are not for us.
    private static func secret(of request: Request, _ query: RequestQuery) -> String? {
        if let secret = query.text("token") { return secret }
        if let secret = request.headers[.consulToken], !secret.isEmpty { return secret }
        let words = (request.headers[.authorization] ?? "").split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return String(words[1])
    }

    /// Changes, however they ended, and whatever was denied. What applications say of their health is no change of
    /// what somebody set, and comes every few seconds.
    private func note(_ answer: APIAnswer, to request: APIRequest, isReport: Bool) {
        let isDenial = answer.status == .forbidden || answer.status == .unauthorized
        let isChange = !["GET", "HEAD", "OPTIONS"].contains(request.method) && !isReport
        guard isChange || isDenial else { return }
        audit.record(
            AuditRecord(
                time: control.now(), accessorID: request.access.accessorID, method: request.method,
                path: String(request.path),
                remote: request.context.remote, status: answer.status.code, reason: isDenial ? answer.text : ""))
    }

    private func refuseEnterprise(_ query: RequestQuery) throws(Refusal) {
        if query.text("partition") != nil {
            throw Refusal(
                .invalid, "Invalid query parameter: \"partition\" - Partitions are a Consul Enterprise feature")
        }
        if query.text("ns") != nil {
            throw Refusal(.invalid, "Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise feature")
        }
    }
}
