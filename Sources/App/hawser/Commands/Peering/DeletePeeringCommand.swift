import ArgumentParser

struct DeletePeeringCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a peering and everything imported through it.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var peering: PeeringNameOption

    func run() async throws {
        let client = try options.client()
        do throws(ClientError) {
            try await client.change(.delete, APIPath("peering", peering.name))
        } catch {
            throw error.failure("Error deleting peering for \(peering.name)")
        }
        try Surroundings.current.output.write(
            line: "Successfully submitted peering connection, \(peering.name), for deletion")
    }
}
