import ArgumentParser
import DocumentCore
import PeeringCore

struct GenerateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-token",
        abstract: "Generates a peering token for another cluster.",
        discussion: """
            The token is a secret. Hand it over by a safe way, best in a file. It works once and does not expire, as \
            with Consul, unless -ttl and -uses say otherwise; a newer token of the same peering takes its place.
            """)

    @OptionGroup var options: ClientOptions
    @OptionGroup var peering: PeeringNameOption
    @OptionGroup var meta: MetaOption
    @OptionGroup var format: FormatOption

    @Option(
        name: .customLong("server-external-addresses"),
        help: ArgumentHelp(
            "Addresses to put into the token instead of the daemon's own, comma-separated.",
            valueName: "host:port,host:port"))
    var externalAddresses: String?

    @Option(
        name: .customLong("ttl"),
        help: ArgumentHelp("How long it can be redeemed, such as 15m. Default: for ever.", valueName: "duration"))
    var lifetime: String?

    @Option(
        name: .customLong("uses"),
        help: """
            How often it can be redeemed, for a dialer that lost the answer: the first stream ends the token. Default: 1.
            """)
    var uses: Int?

    @Option(name: .customLong("note"), help: "For whom it is, shown by `hawser token list`. It is not in the token.")
    var note: String?

    func validate() throws {
        if let lifetime, (GoDuration(lifetime)?.nanoseconds ?? 0) <= 0 {
            throw ValidationError("Invalid -ttl=\(lifetime): write a duration such as 15m or 24h")
        }
    }

    func run() async throws {
        var body = JSONWriter()
        body.object { json in
            json.field("PeerName", peering.name)
            json.fieldIfNotEmpty("Meta", meta.values)
            json.fieldIfNotEmpty("ServerExternalAddresses", addresses)
            json.fieldIfNotEmpty("TTL", lifetime ?? "")
            if let uses { json.field("Uses", uses) }
            json.fieldIfNotEmpty("Note", note ?? "")
        }
        let answer = try await options.ask("Error generating peering token for \(peering.name)") {
            client throws(ClientError) in
            try await client.exchange(.post, APIPath("peering", "token"), body: body.bytes)
        }
        let output = Surroundings.current.output
        guard !format.isJSON else { return try output.write(line: answer.json()) }
        let token = answer["PeeringToken"]?.string ?? ""
        try output.write(line: token)
        try showAddresses(of: token)
    }

    /// Beside the output, which scripts keep as the token.
    private func showAddresses(of text: String) throws(CommandFailure) {
        guard let token = try? PeeringToken(encoded: text) else { return }
        let error = Surroundings.current.error
        try error.write(line: "The token leads to \(token.serverName) at:")
        for text in token.addressesToDial {
            try error.write(line: "  \(text)\(Self.remark(on: HostPort(text)))".printable)
        }
        if let expiry = token.expiresAt { try error.write(line: "It can be redeemed until \(expiry.rfc3339).") }
    }

    private static func remark(on address: HostPort?) -> String {
        switch address?.reach {
        case .thisMachine: " (from this machine only)"
        case .nobody(let reason): " (nobody gets there: it \(reason))"
        case .anybody, nil: ""
        }
    }

    private var addresses: [String] {
        externalAddresses?.split(separator: ",").map { $0.trimmingSpaces } ?? []
    }
}

extension Substring {
    /// Without white space at both ends.
    var trimmingSpaces: String {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
