import ArgumentParser
import DocumentCore

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    /// Of the whole package.
    static let version = "0.1.0"

    @OptionGroup var format: FormatOption

    func run() throws {
        let output = Surroundings.current.output
        guard format.isJSON else {
            try output.write(line: "Hawser v\(Self.version)")
            return
        }
        var json = JSONWriter()
        json.object {
            $0.field("Version", Self.version)
            $0.field("Revision", "")
            $0.field("Prerelease", "")
        }
        try output.write(line: json.text)
    }
}
