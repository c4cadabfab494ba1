import ConfigCore
import DocumentCore
import FoundationEssentials
import Testing

@Suite("JSON Schemas")
struct ConfigSchemaTests {
    /// `Deploy/dev/schemas.sh` writes them.
    @Test(arguments: ConfigSchema.all)
    func areUpToDate(schema: ConfigSchema) throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
        let file = "\(root)/Deploy/schema/\(schema.name).json"
        #expect(try String(contentsOfFile: file, encoding: .utf8) == schema.text)
    }

    @Test func knowTheKeysOfTheDecoders() throws {
        let mesh = try JSONReader.read(ConfigSchema.entry(.mesh).text)
        #expect(mesh["properties"]?["Kind"]?["const"]?.string == "mesh")
        #expect(mesh["properties"]?["AllowEnablingPermissiveMutualTLS"]?["type"]?.string == "boolean")
        #expect(mesh["properties"]?["allow_enabling_permissive_mutual_tls"] != nil)
        #expect(mesh["additionalProperties"] == Document(.bool(false)))
        let version = mesh["$defs"]?["TLS.Incoming"]?["properties"]?["TLSMinVersion"]?["enum"]?.list
        #expect(version?.compactMap(\.string) == ["TLS_AUTO", "TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3", ""])
        let service = try JSONReader.read(ConfigSchema.service.text)
        let upstream = service["$defs"]?["proxy.Upstreams"]?["properties"]
        #expect(upstream?["local_bind_port"]?["maximum"] == Document(.integer(65535)))
        #expect(upstream?["DestinationPeer"] != nil)
        let agent = try JSONReader.read(ConfigSchema.agent.text)
        #expect(agent["additionalProperties"] == nil)
        #expect(agent["properties"]?["grpc_tls"] == nil && agent["$defs"]?["ports"]?["properties"]?["grpc_tls"] != nil)
    }
}
