import ArgumentParser
import DocumentCore

struct EstablishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "establish",
        abstract: "Establishes a peering with a token of another cluster.",
        discussion: """
            The token is a secret: --peering-token-file keeps it out of the list of processes and of the shell's \
            history, --peering-token does not.
            """)

    /// A token is far below this, the daemon's own limit for its text.
    private static let maxTokenBytes = 1 << 20

    @OptionGroup var options: ClientOptions
    @OptionGroup var peering: PeeringNameOption
    @OptionGroup var meta: MetaOption

    @Option(name: .customLong("peering-token"), help: "The token itself.")
    var token: String?

    @Option(
        name: .customLong("peering-token-file"),
        help: ArgumentHelp("File with the token, or - for standard input. Recommended.", valueName: "file"))
    var tokenFile: String?

    @Option(
        name: .customLong("wait"),
        help: ArgumentHelp(
            "Wait until the peering is active and its services are in; --wait alone means "
                + "--wait=\(GoStyleArguments.defaultWait).", valueName: "duration"))
    var wait: String?

    func validate() throws {
        if (token ?? "").isEmpty && (tokenFile ?? "").isEmpty {
            throw ValidationError("Missing the required -peering-token flag (or --peering-token-file)")
        }
        if token != nil && tokenFile != nil {
            throw ValidationError("Give either --peering-token or --peering-token-file, not both")
        }
        if let wait, (GoDuration(wait)?.nanoseconds ?? 0) <= 0 {
            throw ValidationError("Invalid --wait=\(wait): write a duration such as 30s or 2m")
        }
    }

    func run() async throws {
        let client = try options.client()
        let token = try readToken()
        var body = JSONWriter()
        body.object { json in
            json.field("PeerName", peering.name)
            json.field("PeeringToken", token)
            json.fieldIfNotEmpty("Meta", meta.values)
        }
        do throws(ClientError) {
            try await client.change(.post, APIPath("peering", "establish"), body: body.bytes)
        } catch {
            throw error.failure("Error establishing peering for \(peering.name)")
        }
        let output = Surroundings.current.output
        if let timeout = wait.flatMap({ GoDuration($0) }) {
            let waiter = EstablishWaiter(client: client, name: peering.name, timeout: timeout.duration)
            try await waiter.run(ProgressLines(output))
        }
        try output.write(line: "Successfully established peering connection with \(peering.name)")
    }

    private func readToken() throws(CommandFailure) -> String {
        if let token { return token }
        let bytes = try SystemFiles.read(tokenFile ?? "-", limit: Self.maxTokenBytes)
        let text = String(decoding: bytes, as: UTF8.self)[...].trimmingSpaces
        guard !text.isEmpty else { throw CommandFailure("hawser: \(tokenFile ?? "-") has no token in it") }
        return text
    }
}
