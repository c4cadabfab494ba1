import ArgumentParser
import ConfigCore
import ConfigFiles
import DocumentCore

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks agent files, service definitions and config entries.",
        discussion: """
            Reads files in every format as the agent does, without a daemon, and prints all problems and warnings as \
            FILE:LINE:COLUMN: path: sentence. Exits with 0 if there is no problem, and with 1 otherwise.
            """)

    @OptionGroup var format: FormatOption

    @Argument(help: "Files and directories, or - for standard input.")
    var paths: [String]

    func run() throws {
        let validation = ConfigValidation(paths)
        let problems = validation.problems + Self.problems(with: validation.agent)
        let output = Surroundings.current.output
        if format.isJSON {
            try output.write(line: Self.json(problems, validation))
        } else {
            let lines = problems.map(\.description) + validation.warnings.map(\.warning)
            try output.write(lines.map { $0 + "\n" }.joined())
            if problems.isEmpty { try output.write(line: Self.summary(of: validation)) }
        }
        guard problems.isEmpty else { throw CommandFailure("", exitCode: 1) }
    }

    /// What is wrong with the settings of all files together.
    private static func problems(with agent: AgentConfiguration) -> [DocumentProblem] {
        do throws(DocumentProblems) {
            _ = try agent.resolved(hostName: "localhost").withCheckedAddresses()
            return []
        } catch {
            return error.problems
        }
    }

    /// `3 files are valid: 2 services, 1 config entry`.
    private static func summary(of validation: ConfigValidation) -> String {
        let files = validation.fileCount == 1 ? "1 file is" : "\(validation.fileCount) files are"
        let services = validation.serviceCount == 1 ? "1 service" : "\(validation.serviceCount) services"
        let entries = validation.entryCount == 1 ? "1 config entry" : "\(validation.entryCount) config entries"
        return "\(files) valid: \(services), \(entries)"
    }

    private static func json(_ problems: [DocumentProblem], _ validation: ConfigValidation) -> String {
        var json = JSONWriter(style: .pretty)
        json.object { json in
            json.field("Valid", problems.isEmpty)
            json.list("Problems", problems) { json, problem in json.value(problem) }
            json.list("Warnings", validation.warnings) { json, warning in json.value(warning) }
            json.field("Files", validation.fileCount)
            json.field("Services", validation.serviceCount)
            json.field("ConfigEntries", validation.entryCount)
        }
        return json.text
    }
}

extension JSONWriter {
    fileprivate mutating func value(_ problem: DocumentProblem) {
        object { json in
            json.field("Code", problem.code.rawValue)
            json.field("File", problem.file ?? "")
            json.field("Line", problem.position.line)
            json.field("Column", problem.position.column)
            json.field("Path", problem.path)
            json.field("Message", problem.message)
            json.fieldIfNotEmpty("Suggestion", problem.suggestion ?? "")
        }
    }
}
