import ArgumentParser
import ConfigFiles
import DocumentCore

struct WriteConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes a config entry from an HCL, JSON or YAML file.")

    /// The daemon accepts no more.
    private static let maxEntryBytes = 4 << 20

    @OptionGroup var options: ClientOptions
    @OptionGroup var compare: CompareAndSetOption

    @Argument(help: "File with the entry, or - for standard input.")
    var file: String

    func run() async throws {
        let client = try options.client()
        let entry = try readEntry()
        let label = Self.label(of: entry)
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

    /// Whether the file can be read at all is better told here, with the file's name.
    private func readEntry() throws(CommandFailure) -> Document {
        let documents: [Document]
        do throws(DocumentProblems) {
            documents = try ConfigFile.readDocuments(file, limits: ConfigLimits(maxFileBytes: Self.maxEntryBytes))
        } catch {
            throw CommandFailure("hawser: \(error)")
        }
        guard !documents.isEmpty else { throw CommandFailure("hawser: \(file) has no entry in it") }
        guard documents.count == 1 else {
            throw CommandFailure("hawser: \(file) has \(documents.count) entries in it: give each a file of its own")
        }
        return documents[0]
    }

    /// `kind/name`.
    private static func label(of entry: Document) -> String {
        func text(_ key: String) -> String? {
            entry.map?.first { $0.key.lowercased() == key }?.value.string
        }
        let kind = text("kind") ?? "?"
        let standard = kind == "mesh" ? "mesh" : kind == "proxy-defaults" ? "global" : "?"
        return "\(kind)/\(text("name") ?? standard)"
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
