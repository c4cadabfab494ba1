import ArgumentParser
import DocumentCore

struct WriteConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes a config entry from an HCL, YAML or JSON file.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var compare: CompareAndSetOption

    @OptionGroup var consent: WithdrawalConsent

    @Argument(help: "File with the entry, or - for standard input.")
    var file: String

    func run() async throws {
        let client = try options.client()
        let entry = try EntryFile.read(file)
        let label = EntryFile.label(of: entry)
        if EntryFile.isExportedServices(entry) { try await consent.check(entry, client) }
        let answer: [UInt8]
        do throws(ClientError) {
            answer = try await client.change(
                .put, APIPath("config").query("cas", compare.query), body: entry.json())
        } catch {
            throw error.failure("Error writing config entry \(label)")
        }
        guard answer[...].trimmingEndOfLine.elementsEqual("true".utf8) else {
            throw CommandFailure("Config entry not updated: \(label)")
        }
        try Surroundings.current.output.write(line: "Config entry written: \(label)")
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
