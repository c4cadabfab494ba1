import ArgumentParser
import ConfigCore
import ConfigFiles
import DocumentCore

struct WriteConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes the config entries of a file.")

    /// The daemon accepts no more.
    private static let maxEntryBytes = 4 << 20

    @OptionGroup var options: ClientOptions
    @OptionGroup var compare: CompareAndSetOption

    @Argument(help: "File with the entry or entries, or - for standard input.")
    var file: String

    func run() async throws {
        let client = try options.client()
        let entries = try readEntries()
        for entry in entries {
            let answer: [UInt8]
            do throws(ClientError) {
                answer = try await client.change(
                    .put, APIPath("config").query("cas", compare.query),
                    body: entry.json(createIndex: 0, modifyIndex: 0))
            } catch {
                throw error.failure("Error writing config entry \(entry.key)")
            }
            guard answer[...].trimmingEndOfLine.elementsEqual("true".utf8) else {
                throw CommandFailure("Config entry not updated: \(entry.key)")
            }
            try Surroundings.current.output.write(line: "Config entry written: \(entry.key)")
        }
    }

    /// What is wrong is better told here, with the file's name and the line. Nothing is written unless all is right.
    private func readEntries() throws(CommandFailure) -> [ConfigEntry] {
        let name = file == "-" ? "standard input" : file
        let collector = ProblemCollector(file: name)
        let entries: [ConfigEntry]
        do throws(DocumentProblems) {
            let documents = try ConfigFile.readDocuments(file, limits: ConfigLimits(maxFileBytes: Self.maxEntryBytes))
            let found = documents.filter { $0.content != .null }.compactMap { ConfigEntry.decode($0, into: collector) }
            entries = try collector.check(found)
        } catch {
            throw CommandFailure("hawser: \(error)")
        }
        guard !entries.isEmpty else { throw CommandFailure("hawser: \(name) has no entry in it") }
        guard entries.count == 1 || !compare.isSet else {
            throw CommandFailure("hawser: \(name) has \(entries.count) entries in it, and -cas is for one")
        }
        return entries
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
