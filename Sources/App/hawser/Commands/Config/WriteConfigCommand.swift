import ArgumentParser
import ConfigCore
import DocumentCore

struct WriteConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes the config entries of an HCL, YAML or JSON file.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var compare: CompareAndSetOption
    @OptionGroup var consent: WithdrawalConsent

    @Argument(help: "File with the entry or entries, or - for standard input.")
    var file: String

    func run() async throws {
        let client = try options.client()
        let entries = try EntryFile.read(file)
        guard entries.count == 1 || !compare.isSet else {
            throw CommandFailure("hawser: \(file) has \(entries.count) entries in it, and -cas is for one")
        }
        for entry in entries where entry.kind == .exportedServices { try await consent.check(entry, client) }
        for entry in entries { try await write(entry, client) }
    }

    private func write(_ entry: ConfigEntry, _ client: DaemonClient) async throws {
        let answer: [UInt8]
        do throws(ClientError) {
            answer = try await client.change(
                .put, APIPath("config").query("cas", compare.query), body: entry.json(createIndex: 0, modifyIndex: 0))
        } catch {
            throw error.failure("Error writing config entry \(entry.key)")
        }
        guard answer[...].trimmingEndOfLine.elementsEqual("true".utf8) else {
            throw CommandFailure("Config entry not updated: \(entry.key)")
        }
        try Surroundings.current.output.write(line: "Config entry written: \(entry.key)")
    }
}

extension ArraySlice<UInt8> {
    /// Without line breaks at the end.
    var trimmingEndOfLine: ArraySlice<UInt8> {
        var bytes = self
        while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes
    }
}
