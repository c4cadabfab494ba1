import ArgumentParser

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Makes the daemon read its configuration files again.")

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let lines = try await options.ask("Error reloading") { client throws(ClientError) in
            try await client.change(.put, APIPath("agent", "reload"))
        }
        let output = Surroundings.current.output
        try output.write(line: "Configuration reload triggered")
        if !lines.isEmpty { try output.write(line: String(decoding: lines, as: UTF8.self)[...].trimmingSpaces) }
    }
}
