import ArgumentParser
import ConfigCore
import DocumentCore

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of a kind of configuration file.",
        discussion: "For editors and checks: \(inWords(ConfigSchema.all.map(\.name))).")

    @Argument(help: "agent, service, or the kind of a config entry.")
    var name: String

    func run() throws {
        guard let schema = ConfigSchema.all.first(where: { $0.name == name }) else {
            throw CommandFailure(
                "hawser: there is no schema of \(quoted(name)): it must be \(inWords(ConfigSchema.all.map(\.name)))",
                exitCode: 2)
        }
        try Surroundings.current.output.write(schema.text)
    }
}
