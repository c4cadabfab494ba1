import ACLCore
import DocumentCore
import HawserTestKit
import Testing

@testable import hawser

/// A token that a test made.
struct MadeToken {
    var accessorID: String
    var secret: String
}

extension TestDaemon {
    /// Sends one request with a secret.
    func send(
        _ method: ClientMethod, _ target: String, _ body: String = "", token: String
    ) async throws -> ClientAnswer {
        var client = client
        client.token = token
        return try await client.send(
            ClientRequest(method: method, target: target, body: Array(body.utf8), seconds: 30))
    }

    /// The same as one who may do everything.
    func manage(_ method: ClientMethod, _ target: String, _ body: String = "") async throws -> Document {
        let answer = try await send(method, target, body, token: Self.managementSecret)
        try #require(answer.status == 200, "\(answer.text)")
        return try JSONReader.read(answer.body)
    }

    func makePolicy(_ name: String, rules: String) async throws -> Document {
        var json = JSONWriter()
        json.object {
            $0.field("Name", name)
            $0.field("Rules", rules)
        }
        return try await manage(.put, "/v1/acl/policy", json.text)
    }

    /// A token whose only policy has these rules.
    func makeToken(rules: String) async throws -> MadeToken {
        var policies = "[]"
        if !rules.isEmpty {
            let id = try await makePolicy("rules-\(rules.utf8.count)-\(abs(rules.hashValue))", rules: rules)["ID"]
            policies = #"[{"ID": "\#(id?.string ?? "")"}]"#
        }
        let token = try await manage(.put, "/v1/acl/token", #"{"Policies": \#(policies)}"#)
        return MadeToken(
            accessorID: try #require(token["AccessorID"]?.string), secret: try #require(token["SecretID"]?.string))
    }
}
