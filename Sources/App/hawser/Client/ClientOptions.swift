import ArgumentParser

/// The options that every client command has.
struct ClientOptions: ParsableArguments {
    @Option(
        name: .customLong("http-addr"),
        help: ArgumentHelp(
            "Address of the daemon's HTTP API; https://host:port and unix:///path are understood too.",
            valueName: "host:port"))
    var address: String?

    @Option(
        name: .customLong("token"),
        help: "Access token, sent as X-Consul-Token. CONSUL_HTTP_TOKEN keeps it off the command line.")
    var token: String?

    @OptionGroup var tls: ClientTLSOptions

    func client() throws(CommandFailure) -> DaemonClient {
        let environment = Surroundings.current.environment
        let address = try DaemonAddress.resolve(option: address, environment: environment)
        return DaemonClient(
            http: HTTPClient(
                address: address,
                security: address.isSecure ? try tls.security(environment: environment) : nil,
                token: token ?? environment("CONSUL_HTTP_TOKEN") ?? ""))
    }
}
