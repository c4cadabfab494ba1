import ArgumentParser
import DocumentCore

struct MeshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesh", abstract: "Explains the ways through the mesh.", subcommands: [ExplainMeshCommand.self])
}

struct ExplainMeshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows for every upstream of a service which gateways it goes through, and what decided that.",
        discussion: """
            The mode of the gateways is what the strongest of six places says: the upstream itself, the caller's \
            service-defaults for that upstream (UpstreamConfig.Overrides), the proxy's registration, the caller's \
            service-defaults for all upstreams (UpstreamConfig.Defaults), its service-defaults, proxy-defaults.

              hawser mesh explain web -upstream api
            """)

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    @Argument(help: "A service, or the name or ID of a proxy.")
    var service: String

    @Option(name: .customLong("upstream"), help: "Only this upstream, by its destination's name.")
    var upstream: String?

    func run() async throws {
        let answer = try await options.ask("Error explaining \(service)") { client throws(ClientError) in
            try await client.get(
                APIPath("hawser", "mesh", "explain", service).query("upstream", upstream)
            ).document
        }
        try format.write(answer) { MeshText.text(MeshView($0)) }
    }
}
