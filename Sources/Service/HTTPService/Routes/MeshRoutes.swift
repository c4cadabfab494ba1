import ACLCore
import CatalogCore
import DocumentCore
import IdentityCore
import MeshCore
import PeeringCore
import StateCore

/// `/v1/hawser/mesh/explain`: which way proxies go to their upstreams, and why.
enum MeshRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "hawser/mesh/explain/:service",
                ("GET", .service(.read), { request throws(Refusal) in try await explain(request, environment) })
            ).documented("GET", explainDocument)
        ]
    }

    private static let findings = ValueSchema.list(.object([("Code", .text), ("Message", .text)]))

    private static let explainDocument = OperationDocument(
        summary: "Which way the proxies of a service go to their upstreams, and what is wrong with it.",
        parameters: [.init("upstream", .text, "The name of one upstream; without it, all.")],
        captures: ["service": "The name of a service, or of a proxy."],
        answer: .json(
            .object([
                ("Service", .text), ("Findings", findings),
                (
                    "Proxies",
                    .list(
                        .object([
                            ("Node", .text), ("ID", .text), ("Service", .text),
                            (
                                "Upstreams",
                                .list(
                                    .object([
                                        ("Name", .text), ("Peer", .text), ("Datacenter", .text), ("BindPoint", .text),
                                        ("Mode", .text), ("Level", .text), ("Place", .text), ("Way", .text),
                                        ("SNI", .text), ("Addresses", .list(.text)), ("Findings", findings),
                                    ]))
                            ),
                        ]))
                ),
            ])), refusals: [404], canBlock: true)

    private static let interest: StateInterest = [.localCatalog, .configEntries, .imports, .peerings, .identity]

    private static func explain(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let service = request.captures[0]
        guard !service.isEmpty else { throw Refusal(.invalid, "Missing service name") }
        let upstream = request.query.text("upstream")
        let decode = environment.dependencies.decodeImported
        return try await environment.query(request, interest: interest) { state, numbers in
            let index = max(numbers.catalog, numbers.config, numbers.imports)
            guard let explanation = MeshExplainer(state: state, decode: decode).explain(service, upstream: upstream)
            else {
                return QueryResult(
                    index: index, Refusal(.notFound, "no service or proxy \(quoted(service)) is registered"))
            }
            return QueryResult(index: index) { $0.value(explanation) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func value(_ explanation: MeshExplanation) {
        object { json in
            json.field("Service", explanation.service)
            json.findings(explanation.findings)
            json.list("Proxies", explanation.proxies) { json, proxy in
                json.object { json in
                    json.field("Node", proxy.node)
                    json.field("ID", proxy.id)
                    json.field("Service", proxy.service)
                    json.list("Upstreams", proxy.upstreams) { $0.value($1) }
                }
            }
        }
    }

    private mutating func value(_ way: MeshExplanation.Way) {
        object { json in
            json.field("Name", way.upstream.destinationName)
            json.field("Peer", way.upstream.destinationPeer)
            json.field("Datacenter", way.upstream.datacenter)
            json.field("BindPoint", way.upstream.bindPoint)
            json.field("Mode", way.mode?.rawValue ?? "")
            json.field("Level", way.level?.name ?? "")
            json.field("Place", way.place)
            json.field("Way", way.way.rawValue)
            json.field("SNI", way.sni ?? "")
            json.field("Addresses", way.addresses.map(\.description))
            json.findings(way.findings)
        }
    }

    private mutating func findings(_ findings: [MeshFinding]) {
        list("Findings", findings) { json, finding in
            json.object { json in
                json.field("Code", finding.code.rawValue)
                json.field("Message", finding.message)
            }
        }
    }
}
