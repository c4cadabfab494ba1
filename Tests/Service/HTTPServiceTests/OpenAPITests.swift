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
}
