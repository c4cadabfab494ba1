import Hummingbird
import IdentityCore

/// Finds the route of each request, and turns what it answers or throws into a response.
struct APIResponder: HTTPResponder {
    let routes: RouteTable
    let limits: HTTPLimits

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let target = request.head.path ?? "/"
        guard target.utf8.count <= limits.maxTargetBytes else {
            let text = "the path and the query of a request may have \(limits.maxTargetBytes) bytes together"
            return APIAnswer(status: .uriTooLong, content: .text(text)).response(pretty: false)
        }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = RequestQuery(parts.count > 1 ? parts[1] : "")
        var apiRequest = APIRequest(request, query: query, context: context, limits: limits)
        guard let (route, captures) = routes.find(parts[0]) else {
            let text = "Invalid URL path: not a recognized HTTP API endpoint"
            return APIAnswer(status: .notFound, content: .text(text)).response(pretty: false)
        }
        apiRequest.captures = captures
        let answer = await answer(route, apiRequest)
        // Consul is always pretty for a browser or whoever asks.
        return answer.response(pretty: query.has("pretty"))
    }

    private func answer(_ route: Route, _ request: APIRequest) async -> APIAnswer {
        if request.method == "OPTIONS" { return APIAnswer(content: .empty, allow: route.allow) }
        guard let handler = route.methods.first(where: { $0.name == request.method })?.handler else {
            return .methodNotAllowed(request.method, allow: route.allow)
        }
        do throws(Refusal) {
            try refuseEnterprise(request.query)
            return try await handler(request)
        } catch {
            return .refusal(error)
        }
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
