import ArgumentParser
import DocumentCore

struct CatalogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog", abstract: "Shows what is in the catalog.",
        subcommands: [CatalogServicesCommand.self])
}

struct CatalogServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "Lists services with their instances, and how many of those pass their checks.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    @Option(name: .customLong("peer"), help: "Services imported from this peer instead of the cluster's own.")
    var peer: String?

    func validate() throws { try requireNames(("-peer", peer)) }

    func run() async throws {
        let answer = try await options.ask("Error listing services") { client throws(ClientError) in
            try await client.get(APIPath("internal", "ui", "services").query("peer", peer)).document
        }
        let services = (answer.list ?? []).filter { ($0["PeerName"]?.string ?? "") == peer ?? "" }
        try format.write(Document(.list(services))) { Self.table($0.list ?? []) }
    }

    static func table(_ services: [Document]) -> String {
        guard !services.isEmpty else { return "There are no services.\n" }
        let rows = services.map { service in
            [
                service["Name"]?.string ?? "", "\(service["InstanceCount"]?.integer ?? 0)",
                "\(service["Hawser"]?["PassingInstances"]?.integer ?? 0)",
            ]
        }
        return Table.render([["Name", "Instances", "Passing"]] + rows.sorted { $0[0] < $1[0] })
    }
}
