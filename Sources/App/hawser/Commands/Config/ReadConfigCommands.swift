import ArgumentParser
import DocumentCore

struct ReadConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Prints a config entry as JSON.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var kind: ConfigKindOption
    @OptionGroup var entry: ConfigNameOption

    func run() async throws {
        let answer = try await options.ask("Error reading config entry \(kind.kind)/\(entry.name)") {
            client throws(ClientError) in
            try await client.get(APIPath("config", kind.kind, entry.name)).document
        }
        try Surroundings.current.output.write(line: answer.json(style: .pretty))
    }
}

struct ListConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the names of the config entries of a kind.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var kind: ConfigKindOption

    func run() async throws {
        let answer = try await options.ask("Error listing config entries for kind \"\(kind.kind)\"") {
            client throws(ClientError) in
            try await client.get(APIPath("config", kind.kind)).document
        }
        // A mesh entry has no name in its JSON: there is only one.
        let names = (answer.list ?? []).map { $0["Name"]?.string ?? kind.kind }
        try Surroundings.current.output.write(names.map { $0 + "\n" }.joined())
    }
}
