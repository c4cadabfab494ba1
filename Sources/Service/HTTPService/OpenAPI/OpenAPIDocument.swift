import DocumentCore
import IdentityCore

/// `/v1/hawser/openapi.json`: what stands under `/v1/hawser/` and is not Consul's. It is made of the routes themselves
/// (OpenAPI 3.1.0), so it knows no path that is not there, and a test asks for the words about each.
enum OpenAPIDocument {
    private static let prefix = "hawser"

    /// - Parameter routes: all others.
    static func route(over routes: [Route], version: String) -> Route {
        func itself(_ handler: @escaping Route.Handler) -> Route {
            Route("\(prefix)/openapi.json", ("GET", .nothing, handler))
                .documented("GET", OperationDocument(summary: "This document.", answer: .json(.anyObject)))
        }
        let ours = (routes + [itself { _ throws(Refusal) in .empty }]).filter { $0.pattern.parts.first == prefix }
        return itself { _ throws(Refusal) in .json { $0.openAPI(ours, version: version) } }
    }
}

extension JSONWriter {
    fileprivate mutating func openAPI(_ routes: [Route], version: String) {
        object { json in
            json.field("openapi", "3.1.0")
            json.object("info") { json in
                json.field("title", "Hawser's additions to the HTTP API")
                json.field("version", version)
                json.field(
                    "description", "What Consul's API has is answered as Consul does, and not described here.")
            }
            json.object("paths") { json in
                for route in routes { json.object(route.openAPIPath) { $0.operations(of: route) } }
            }
            json.openAPIComponents()
        }
    }

    private mutating func operations(of route: Route) {
        for method in route.methods {
            let document = route.documents[method.name] ?? OperationDocument(summary: "", answer: .empty)
            object(method.name.lowercased()) { json in
                json.field("summary", document.summary)
                json.security(of: method.needs)
                json.list("parameters") { $0.parameters(of: document, route) }
                if let body = document.body { json.requestBody(body) }
                json.object("responses") { $0.responses(of: document, needing: method.needs) }
            }
        }
    }

    private mutating func parameters(of document: OperationDocument, _ route: Route) {
        for name in route.captureNames {
            parameter(name, .text, document.captures[name] ?? "", in: "path", isRequired: true)
        }
        for item in document.parameters {
            parameter(item.name, item.schema, item.meaning, in: "query", isRequired: false)
        }
        guard document.canBlock else { return }
        parameter("index", .natural, "X-Consul-Index of an answer: waits for another.", in: "query", isRequired: false)
        parameter("wait", .span, "How long at most, such as 30s.", in: "query", isRequired: false)
    }

    private mutating func parameter(
        _ name: String, _ schema: ValueSchema, _ meaning: String, in place: String, isRequired: Bool
    ) {
        object { json in
            json.field("name", name)
            json.field("in", place)
            json.field("required", isRequired)
            json.field("description", meaning)
            // As if it were not there.
            if place == "query" { json.field("allowEmptyValue", true) }
            json.key("schema")
            json.schema(schema)
        }
    }

    private mutating func requestBody(_ schema: ValueSchema) {
        object("requestBody") { json in
            json.field("required", true)
            json.content("application/json", schema)
        }
    }

    private mutating func responses(of document: OperationDocument, needing need: RouteNeed) {
        object("200") { json in
            json.field("description", "OK")
            json.headers([.defaultPolicy] + (document.canBlock ? [.index] : []))
            switch document.answer {
            case .empty: break
            case .json(let schema): json.content("application/json", schema)
            case .lines(let schema): json.content("application/x-ndjson", schema)
            }
        }
        for status in ([400] + document.refusals).sorted() { response(status, .refusal) }
        if need.looksAtToken { response(403, .denied) }
    }
}

extension Route {
    fileprivate var openAPIPath: String {
        "/v1/" + pattern.parts.map { $0.first == ":" ? "{\($0.dropFirst())}" : $0 }.joined(separator: "/")
    }

    fileprivate var captureNames: [String] { pattern.parts.filter { $0.first == ":" }.map { String($0.dropFirst()) } }
}
