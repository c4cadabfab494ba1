import ArgumentParser

struct PeeringCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peering",
        abstract: "Ties this cluster to others and shows how the ties are doing.",
        discussion: """
            One side generates a token, the other establishes the peering with it:

              cluster-1$ hawser peering generate-token --name cluster-2 > token
              cluster-2$ hawser peering establish --name cluster-1 --peering-token-file token --wait
            """,
        subcommands: [
            GenerateTokenCommand.self, EstablishCommand.self, ListPeeringsCommand.self, ReadPeeringCommand.self,
            DeletePeeringCommand.self, ExportedServicesCommand.self,
        ])
}

/// `--name`, which every command on one peering needs.
struct PeeringNameOption: ParsableArguments {
    @Option(name: .customLong("name"), help: "Name of the peering in this cluster.")
    var name = ""

    func validate() throws {
        guard !name.isEmpty else { throw ValidationError("Missing the required -name flag") }
        try requireNames(("-name", name))
    }
}

/// `--meta k=v`, any number of times.
struct MetaOption: ParsableArguments {
    @Option(name: .customLong("meta"), help: "Metadata as key=value; may be repeated.")
    var pairs: [String] = []

    func validate() throws {
        for pair in pairs where pair.first == "=" || !pair.contains("=") {
            throw ValidationError("Invalid metadata \"\(pair)\": write key=value")
        }
    }

    /// The later of two values of one key wins.
    var values: [String: String] {
        var result: [String: String] = [:]
        for pair in pairs {
            guard let equals = pair.firstIndex(of: "=") else { continue }
            result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        return result
    }
}
