import ArgumentParser
import ConfigCore
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

    func validate() throws { try requireNames(("-peer", peer)) }

    func run() async throws {
        let entry = try file.map(readEntry)
        let answer = try await options.ask("Error planning exports") { client throws(ClientError) in
            try await client.exportPlan(peer: peer, with: entry)
        }
        try format.write(answer) { ExportPlanText.text(ExportPlanView($0)) }
    }

    private func readEntry(_ file: String) throws(CommandFailure) -> ConfigEntry {
        let entries = try EntryFile.read(file)
        guard let entry = entries.first(where: { $0.kind == .exportedServices }) else {
            throw CommandFailure("hawser: \(file) has no exported-services entry in it")
        }
        return entry
    }
}

extension DaemonClient {
    /// - Parameter entry: the exported-services entry as it shall be; nil for as it is.
    func exportPlan(peer: String? = nil, with entry: ConfigEntry?) async throws(ClientError) -> Document {
        let path = APIPath("hawser", "exports", "plan").query("peer", peer)
        guard let entry else { return try await get(path).document }
        return try read(try await change(.post, path, body: entry.json(createIndex: 0, modifyIndex: 0)))
    }
}
