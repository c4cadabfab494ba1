import ArgumentParser
import DocumentCore

struct ExportsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exports", abstract: "Looks at what is exported, and ahead at what a change of it would do.",
        subcommands: [PlanExportsCommand.self])
}

struct PlanExportsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what peers see, and what they would gain and lose by a new exported-services entry.",
        discussion: """
            Nothing is changed. The size is that of the message which carries the service to the peer; one that is too \
            large stays what it was there.

              hawser exports plan -peer island -file exports.hcl
            """)

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    @Option(name: .customLong("peer"), help: "Only this peer, by its name in this cluster.")
    var peer: String?

    @Option(
        name: .customLong("file"),
        help: ArgumentHelp("The entry as it shall be, or - for standard input. Default: as it is.", valueName: "file"))
    var file: String?

    func run() async throws {
        let client = try options.client()
        let entry = try file.map(EntryFile.read)
        let answer = try await client.exportPlan(peer: peer, with: entry)
        let output = Surroundings.current.output
        try output.write(format.isJSON ? answer.json() + "\n" : ExportPlanText.text(ExportPlanView(answer)))
    }
}

extension DaemonClient {
    /// - Parameter entry: the exported-services entry as it shall be; nil for as it is.
    func exportPlan(peer: String? = nil, with entry: Document?) async throws(CommandFailure) -> Document {
        let path = APIPath("hawser", "exports", "plan").query("peer", peer)
        do throws(ClientError) {
            guard let entry else { return try await get(path).document }
            return try read(try await change(.post, path, body: Array(entry.json().utf8)))
        } catch {
            throw error.failure("Error planning exports")
        }
    }
}
