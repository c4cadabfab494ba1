import DocumentCore
import HawserTestKit
import Testing

@testable import hawser

@Suite("The OpenAPI document")
struct OpenAPITests {
    /// It is made of the route table: what can be missing are the words.
    @Test func everyOperationIsDescribed() async throws {
        try await TestDaemon.run { daemon in
            let document = try await daemon.get("/v1/hawser/openapi.json").json
            let paths = document["paths"]?.map ?? []
            #expect(paths.contains { $0.key == "/v1/hawser/openapi.json" })
            #expect(paths.contains { $0.key == "/v1/hawser/mesh/explain/{service}" })
            for path in paths {
                for operation in path.value.map ?? [] {
                    let name = "\(operation.key) \(path.key)"
                    #expect(operation.value["summary"]?.string?.isEmpty == false, "\(name) needs .documented(...)")
                    for parameter in operation.value["parameters"]?.list ?? [] {
                        #expect(parameter["description"]?.string?.isEmpty == false, "\(name): a parameter says nothing")
                    }
                    #expect(operation.value["responses"]?["200"] != nil, "\(name)")
                }
            }
        }
    }

    /// What a route needs stands beside it; the document says of it that there is something to need.
    @Test(arguments: [
        ("/v1/hawser/openapi.json", "get", false), ("/v1/hawser/tokens", "get", true),
        ("/v1/hawser/ca/rotate", "put", true), ("/v1/hawser/exports/plan", "post", true),
    ])
    func whatCanBeDeniedSaysHowToShowAToken(path: String, method: String, isGuarded: Bool) async throws {
        try await TestDaemon.run { daemon in
            let document = try await daemon.get("/v1/hawser/openapi.json").json
            let operation = try #require(document["paths"]?[path]?[method])
            #expect((operation["responses"]?["403"] != nil) == isGuarded)
            let ways = (operation["security"]?.list ?? []).map { ($0.map ?? []).map(\.key) }
            #expect(ways == (isGuarded ? [[], ["parameter"], ["header"], ["bearer"]] : []))
            for name in ways.joined() { #expect(document["components"]?["securitySchemes"]?[name] != nil) }
        }
    }

    @Test func everyReferenceLeadsSomewhere() async throws {
        try await TestDaemon.run { daemon in
            let document = try await daemon.get("/v1/hawser/openapi.json").json
            let references = Self.references(in: document)
            #expect(Set(references).count > 3)
            for reference in references {
                let parts = reference.split(separator: "/").dropFirst()
                let found = parts.reduce(Optional(document)) { found, part in found?[String(part)] }
                #expect(found != nil, "\(reference)")
            }
        }
    }

    private static func references(in document: Document) -> [String] {
        let own = document["$ref"]?.string.map { [$0] } ?? []
        let inside = (document.map ?? []).map(\.value) + (document.list ?? [])
        return own + inside.flatMap(references)
    }
}
