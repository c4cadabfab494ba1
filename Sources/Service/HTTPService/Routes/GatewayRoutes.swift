import ACLCore
import DocumentCore
import GatewayCore
import IdentityCore
import PeeringCore
import StateCore

/// What the cluster's gateways have to forward, for those that are not Hawser's own.
enum GatewayRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "hawser/gateway/routes",
                ("GET", .peering(.read), { request throws(Refusal) in try await list(request, environment) })
            ).documented("GET", listDocument)
        ]
    }

    private static let listDocument = OperationDocument(
        summary: "What the cluster's gateways have to forward, by the server name that clients ask for.",
        answer: .json(.list(.object([("ServerName", .text), ("Upstreams", .list(.text))]))), canBlock: true)

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let planned = environment.dependencies.gatewayRoutes
        return try await environment.query(request, interest: [.peerings, .configEntries, .identity, .establishing]) {
            state, numbers in
            QueryResult(index: max(numbers.peerings, numbers.config, numbers.identity)) { json in
                json.list(planned(state)) { json, route in
                    json.object {
                        $0.field("ServerName", route.pattern.description)
                        $0.field("Upstreams", route.upstreams.map(\.description))
                    }
                }
            }
        }
    }
}
