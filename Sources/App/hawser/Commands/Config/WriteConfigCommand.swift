import ArgumentParser
import DocumentCore

struct WriteConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes a config entry from a JSON file.")

    /// The daemon accepts no more.
    private static let maxEntryBytes = 4 << 20

    @OptionGroup var options: ClientOptions
    @OptionGroup var compare: CompareAndSetOption

    @Argument(help: "File with the entry as JSON, or - for standard input.")
    var file: String

    func run() async throws {
        let client = try options.client()
        let bytes = try SystemFiles.read(file, limit: Self.maxEntryBytes)
        let label = try Self.label(of: bytes, file: file)
        let answer: [UInt8]
        do throws(ClientError) {
            answer = try await client.change(
                .put, APIPath("config").query("cas", compare.query), body: bytes)
        } catch {
            throw error.failure("Error writing config entry \(label)")
        }
        guard answer[...].trimmingEndOfLine.elementsEqual("true".utf8) else {
            throw CommandFailure("Config entry not updated: \(label)")
        }
        try Surroundings.current.output.write(line: "Config entry written: \(label)")
    }

    /// `kind/name`, and whether the file is JSON at all: that is better told here, with the file's name.
    private static func label(of bytes: [UInt8], file: String) throws(CommandFailure) -> String {
        let document: Document
        do throws(DocumentError) {
            document = try JSONReader.read(bytes)
        } catch {
            throw CommandFailure("hawser: \(file):\(error)")
        }
        func text(_ key: String) -> String? {
            document.map?.first { $0.key.lowercased() == key }?.value.string
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
