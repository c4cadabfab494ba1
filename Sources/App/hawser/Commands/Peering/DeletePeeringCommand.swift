import ArgumentParser

struct DeletePeeringCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a peering and everything imported through it.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var peering: PeeringNameOption

    func run() async throws {
        try await options.ask("Error deleting peering for \(peering.name)") { client throws(ClientError) in
            _ = try await client.change(.delete, APIPath("peering", peering.name))
        }
        try Surroundings.current.output.write(
            line: "Successfully submitted peering connection, \(peering.name), for deletion")
    }
}
