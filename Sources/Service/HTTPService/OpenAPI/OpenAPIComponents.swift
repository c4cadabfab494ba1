import DocumentCore

/// What the operations of the OpenAPI document share: how a token is shown, refusals, and headers.
enum OpenAPIComponents {
    enum Response: String, CaseIterable {
        case refusal = "Refusal"
        case denied = "Denied"

        fileprivate var meaning: String {
            switch self {
            case .refusal: "Why not, as a sentence."
            case .denied: "The token is none, or lacks a permission: which, as a sentence."
            }
        }
    }

    enum Header: String, CaseIterable {
        case reason = "X-Hawser-Reason"
        case defaultPolicy = "X-Consul-Default-Acl-Policy"
        case index = "X-Consul-Index"

        fileprivate var meaning: String {
            switch self {
            case .reason: "A word for programs that says more than the status, where there is one."
            case .defaultPolicy: "What access control says of what no rule speaks of."
            case .index: "Of what was read; `index` waits for another."
            }
        }

        fileprivate var isRequired: Bool { self != .reason }

        fileprivate var schema: ValueSchema {
            switch self {
            case .reason: .text
            case .defaultPolicy: .oneOf(["allow", "deny"])
            case .index: .natural
            }
        }
    }

    /// Ways to show a token, in the order in which the daemon looks for one.
    fileprivate static let schemes: [(name: String, fields: [String: String])] = [
        ("parameter", ["type": "apiKey", "in": "query", "name": "token"]),
        ("header", ["type": "apiKey", "in": "header", "name": "X-Consul-Token"]),
        ("bearer", ["type": "http", "scheme": "bearer"]),
    ]
}

extension JSONWriter {
    mutating func openAPIComponents() {
        object("components") { json in
            json.object("securitySchemes") { json in
                for scheme in OpenAPIComponents.schemes { json.field(scheme.name, scheme.fields) }
            }
            json.object("headers") { json in
                for header in OpenAPIComponents.Header.allCases { json.component(header) }
            }
            json.object("responses") { json in
                for response in OpenAPIComponents.Response.allCases { json.component(response) }
            }
        }
    }

    private mutating func component(_ header: OpenAPIComponents.Header) {
        object(header.rawValue) { json in
            json.field("description", header.meaning)
            json.field("required", header.isRequired)
            json.key("schema")
            json.schema(header.schema)
        }
    }

    private mutating func component(_ response: OpenAPIComponents.Response) {
        object(response.rawValue) { json in
            json.field("description", response.meaning)
            json.headers([.reason, .defaultPolicy])
            json.content("text/plain", .text)
        }
    }

    // MARK: What operations say with them

    /// Without a token one has the rights of the anonymous one, and all where access control is off.
    mutating func security(of need: RouteNeed) {
        list("security") { json in
            guard need.looksAtToken else { return }
            json.object { _ in }
            for scheme in OpenAPIComponents.schemes { json.object { $0.list(scheme.name) { _ in } } }
        }
    }

    mutating func headers(_ headers: [OpenAPIComponents.Header]) {
        object("headers") { json in
            for header in headers { json.reference(header.rawValue, to: "headers/\(header.rawValue)") }
        }
    }

    mutating func response(_ status: Int, _ response: OpenAPIComponents.Response) {
        reference("\(status)", to: "responses/\(response.rawValue)")
    }

    mutating func content(_ type: String, _ schema: ValueSchema) {
        object("content") { json in
            json.object(type) { json in
                json.key("schema")
                json.schema(schema)
            }
        }
    }

    private mutating func reference(_ key: String, to component: String) {
        object(key) { $0.field("$ref", "#/components/\(component)") }
    }
}
