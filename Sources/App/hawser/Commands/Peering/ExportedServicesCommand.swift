import ArgumentParser
import DocumentCore

struct ExportedServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exported-services", abstract: "Lists the services that are exported over a peering.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var peering: PeeringNameOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let client = try options.client()
        let names = PeeringView(try await client.peering(named: peering.name)).exportedServices
        let output = Surroundings.current.output
        if format.isJSON {
            var json = JSONWriter()
            json.value(names)
            try output.write(line: json.text)
        } else {
            try output.write(names.map { $0 + "\n" }.joined())
        }
    }
}
