import ArgumentParser
import ConfigFiles
import DocumentCore
import HCL

struct FmtCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt", abstract: "Formats HCL files in place, and prints the names of those that it changes.",
        discussion: "A file that has an error stays as it is.")

    /// The exit code of `--check` if there is something to format.
    private static let unformatted: Int32 = 3

    @Flag(help: "Change nothing: print which files would change, and exit with 3 if there are any.")
    var check = false

    @Argument(
        help: ArgumentHelp(
            "Files, directories, of which the .hcl files are meant, or - to read standard input and write to "
                + "standard output.",
            valueName: "path"))
    var paths: [String] = ["."]

    func run() throws {
        var errors: [String] = []
        var hasUnformatted = false
        for path in files(&errors) {
            do throws(CommandFailure) {
                if try format(path) { hasUnformatted = true }
            } catch {
                guard !error.sentence.isEmpty else { throw error }
                errors.append(error.sentence)
            }
        }
        guard errors.isEmpty else { throw CommandFailure(errors.joined(separator: "\n")) }
        if check, hasUnformatted { throw CommandFailure("", exitCode: Self.unformatted) }
    }

    /// The files that the paths lead to, each once, those of a directory in the order of their names.
    private func files(_ errors: inout [String]) -> [String] {
        var files: [String] = []
        for path in paths {
            guard path != "-", ConfigFile.isDirectory(path) else {
                files.append(path)
                continue
            }
            do throws(DocumentError) {
                let names = try ConfigFile.names(inDirectory: path).filter {
                    $0.hasSuffix(".hcl") && !$0.hasPrefix(".")
                }
                files += names.map { path == "." ? $0 : path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
            } catch {
                errors.append("\(DocumentProblem(error, file: path))")
            }
        }
        var seen: Set<String> = []
        return files.filter { seen.insert($0).inserted && !ConfigFile.isDirectory($0) }
    }

    /// - Returns: whether the file was not formatted.
    private func format(_ path: String) throws(CommandFailure) -> Bool {
        let output = Surroundings.current.output
        let name = path == "-" ? "standard input" : path
        let text = try SystemFiles.read(path, limit: DocumentLimits().maxBytes)
        let formatted: [UInt8]
        do throws(DocumentProblems) {
            formatted = try HCLFormatter.format(text, file: name)
        } catch {
            throw CommandFailure("\(error)")
        }
        let isChanged = formatted != text
        if path == "-", !check {
            try output.write(String(decoding: formatted, as: UTF8.self))
        } else if isChanged {
            if !check { try replace(path, with: formatted) }
            try output.write(line: name)
        }
        return isChanged
    }

    private func replace(_ path: String, with text: [UInt8]) throws(CommandFailure) {
        do throws(DocumentProblems) {
            try ConfigFile.replace(path, with: text)
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}
