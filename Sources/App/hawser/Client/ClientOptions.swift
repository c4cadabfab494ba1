import ArgumentParser

/// The options that every client command has.
struct ClientOptions: ParsableArguments {
    @Option(
        name: .customLong("http-addr"),
        help: ArgumentHelp("Address of the daemon's HTTP API.", valueName: "host:port"))
    var address: String?

    @Option(
        name: .customLong("token"),
        help: "Access token, sent as X-Consul-Token. CONSUL_HTTP_TOKEN keeps it off the command line.")
    var token: String?

    func client() throws(CommandFailure) -> DaemonClient {
        let environment = Surroundings.current.environment
        return DaemonClient(
            http: HTTPClient(
                address: try DaemonAddress.resolve(option: address, environment: environment),
                token: token ?? environment("CONSUL_HTTP_TOKEN") ?? ""))
    }
}
