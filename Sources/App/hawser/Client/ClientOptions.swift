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
        help: """
            Access token. Everybody on this machine can see a command line: -token-file, HAWSER_HTTP_TOKEN and \
            CONSUL_HTTP_TOKEN keep it off.
            """)
    var token: String?

    @Option(
        name: .customLong("token-file"),
        help: ArgumentHelp(
            "File with the access token. Also: HAWSER_HTTP_TOKEN_FILE, CONSUL_HTTP_TOKEN_FILE.", valueName: "file"))
    var tokenFile: String?

    @OptionGroup var tls: ClientTLSOptions

    func client() throws(CommandFailure) -> DaemonClient {
        let environment = Surroundings.current.environment
        let address = try DaemonAddress.resolve(option: address, environment: environment)
        return DaemonClient(
            http: HTTPClient(
                address: address,
                security: address.isSecure ? try tls.security(environment: environment) : nil,
                token: try AccessToken.find(option: token, file: tokenFile, environment: environment)))
    }

    /// What a command asks of the daemon.
    ///
    /// - Parameters:
    ///   - failure: what stands before the reason if it cannot be had.
    ///   - work: one request or several.
    func ask<Value>(
        _ failure: String, _ work: (DaemonClient) async throws(ClientError) -> Value
    ) async throws(CommandFailure) -> Value {
        let client = try client()
        do throws(ClientError) {
            return try await work(client)
        } catch {
            throw error.failure(failure)
        }
    }
}
