import ArgumentParser
import DocumentCore
import GatewayCore
import PeeringCore

struct EnvoyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "envoy", abstract: "Configuration for Envoy.", subcommands: [EnvoyBootstrapCommand.self])
}

struct EnvoyBootstrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap",
        abstract: "Prints a static bootstrap with which Envoy does what Hawser's gateway does.",
        discussion: """
            The routes are those that the daemon's peerings ask of the cluster's gateways now: print it again when a \
            peering came or went. Envoy holds no key and forwards what it cannot decrypt.

                hawser envoy bootstrap -gateway > gateway.json && envoy -c gateway.json
            """)

    @OptionGroup var options: ClientOptions

    @Flag(name: .customLong("gateway"), help: "A mesh gateway for the control plane of peerings.")
    var isGateway = false

    @Option(name: .customLong("address"), help: ArgumentHelp("Where Envoy listens.", valueName: "address:port"))
    var address = "0.0.0.0:8443"

    @Option(
        name: .customLong("admin"),
        help: ArgumentHelp("Where Envoy's admin interface listens. Default: nowhere.", valueName: "address:port"))
    var admin: String?

    func validate() throws {
        if !isGateway { throw ValidationError("-gateway is missing: it is the only bootstrap there is") }
        for text in [address] + (admin.map { [$0] } ?? []) where HostPort(text) == nil {
            throw ValidationError("\"\(text)\" is no address:port, such as 0.0.0.0:8443")
        }
    }

    func run() async throws {
        let answer = try await options.ask("Error reading the gateway's routes") { client throws(ClientError) in
            try await client.get(APIPath("hawser", "gateway", "routes")).document
        }
        let routes = (answer.list ?? []).compactMap(Route.init)
        guard !routes.isEmpty else {
            throw CommandFailure(
                "There is nothing to forward: write a mesh config entry with Peering.PeerThroughMeshGateways = true first"
            )
        }
        guard let listen = HostPort(address) else { throw CommandFailure("\"\(address)\" is no address:port") }
        let bootstrap = EnvoyBootstrap(listen: listen, admin: admin.flatMap { HostPort($0) }, routes: routes)
        try Surroundings.current.output.write(line: bootstrap.json)
    }
}
