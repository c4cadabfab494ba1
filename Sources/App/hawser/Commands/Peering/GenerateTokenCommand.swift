import ArgumentParser
import DocumentCore

struct GenerateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-token",
        abstract: "Generates a peering token for another cluster.",
        discussion: "The token is a secret that works once. Hand it over by a safe way, best in a file.")

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

    func run() async throws {
        let client = try options.client()
        var body = JSONWriter()
        body.object { json in
            json.field("PeerName", peering.name)
            json.fieldIfNotEmpty("Meta", meta.values)
            json.fieldIfNotEmpty("ServerExternalAddresses", addresses)
        }
        let answer: Document
        do throws(ClientError) {
            answer = try client.read(try await client.change(.post, APIPath("peering", "token"), body: body.bytes))
        } catch {
            throw error.failure("Error generating peering token for \(peering.name)")
        }
        let output = Surroundings.current.output
        try output.write(line: format.isJSON ? answer.json() : answer["PeeringToken"]?.string ?? "")
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
