import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Reads and writes config entries, such as exported-services.",
        subcommands: [
            WriteConfigCommand.self, ReadConfigCommand.self, ListConfigCommand.self, DeleteConfigCommand.self,
        ])
}

/// `--kind`.
struct ConfigKindOption: ParsableArguments {
    @Option(name: .customLong("kind"), help: "Kind of the entry, such as exported-services.")
    var kind = ""

    func validate() throws {
        guard !kind.isEmpty else { throw ValidationError("Must specify the -kind parameter") }
    }
}

/// `--name` of an entry.
struct ConfigNameOption: ParsableArguments {
    @Option(name: .customLong("name"), help: "Name of the entry.")
    var name = ""

    func validate() throws {
        guard !name.isEmpty else { throw ValidationError("Must specify the -name parameter") }
        try requireNames(("-name", name))
    }
}

/// `--cas` and `--modify-index`: act only on the version that was read.
struct CompareAndSetOption: ParsableArguments {
    @Flag(name: .customLong("cas"), help: "Act only if the entry still has the modify index given.")
    var isSet = false

    @Option(name: .customLong("modify-index"), help: "For --cas; 0 means that there must be no entry yet.")
    var index: UInt64 = 0

    var query: String? { isSet ? "\(index)" : nil }
}
