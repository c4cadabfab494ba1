import ArgumentParser
import ConfigCore

struct DeleteConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a config entry.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var kind: ConfigKindOption
    @OptionGroup var entry: ConfigNameOption
    @OptionGroup var compare: CompareAndSetOption
    @OptionGroup var consent: WithdrawalConsent

    func run() async throws {
        let client = try options.client()
        let label = "\(kind.kind)/\(entry.name)"
        if kind.kind == "exported-services" { try await consent.check(Self.noExports, client) }
        let answer: [UInt8]
        do throws(ClientError) {
            answer = try await client.change(
                .delete, APIPath("config", kind.kind, entry.name).query("cas", compare.query))
        } catch {
            throw error.failure("Error deleting config entry \(label)")
        }
        guard !answer[...].trimmingEndOfLine.elementsEqual("false".utf8) else {
            throw CommandFailure("Config entry not deleted: \(label)")
        }
        try Surroundings.current.output.write(line: "Config entry deleted: \(label)")
    }

    /// To a peer, no entry is one that exports nothing.
    private static let noExports = ConfigEntry(name: "default", content: .exportedServices([]))
}
