package import CatalogCore
package import ConfigCore
package import DocumentCore

/// A value with the file and the place that it comes from.
package struct Sourced<Value: Sendable>: Sendable {
    package var value: Value
    package var file: String
    package var position: DocumentPosition

    package init(_ value: Value, file: String, position: DocumentPosition) {
        self.value = value
        self.file = file
        self.position = position
    }

    /// `FILE:LINE:COLUMN`.
    package var source: String { "\(file):\(position)" }
}

/// Why nothing was loaded: all that is wrong in all files.
package typealias ConfigLoadError = DocumentProblems

/// What all files together say, and what is new in it.
package struct LoadedConfiguration: Sendable {
    /// The settings of all files, later ones over earlier ones, without defaults: see `resolved(hostName:)`.
    package var agent: AgentConfiguration
    /// What changed since the load before; after the first load, everything is added.
    package var difference: ConfigDifference
    /// Keys that are not used.
    package var warnings: [DocumentProblem]
    let files: [ParsedFile]

    /// The file whose word counts for one of the agent's settings: the last one that says something. Nil if none does.
    package func file<Value>(setting: KeyPath<AgentConfiguration, Value?>) -> String? {
        files.last { $0.agent[keyPath: setting] != nil }?.path
    }

    /// All services, in the order of the files. Builds a list of all of them: a reload uses `difference`.
    package var registrations: [Sourced<Registration>] { files.flatMap(\.registrations) }

    /// All config entries, in the order of the files. Builds a list of all of them: a reload uses `difference`.
    package var entries: [Sourced<ConfigEntry>] { files.flatMap(\.entries) }
}

/// What a load changed. Moving a definition within its file or to another one changes nothing.
package struct ConfigDifference: Sendable {
    /// Services by ID.
    package var registrations: KeyedDifference<String, Registration>
    package var entries: KeyedDifference<ConfigEntryKey, ConfigEntry>

    package var isEmpty: Bool { registrations.isEmpty && entries.isEmpty }
}

/// Added, changed and removed values, and those that only stand elsewhere.
package struct KeyedDifference<Key: Hashable & Sendable, Value: Hashable & Sendable>: Sendable {
    package var added: [Sourced<Value>] = []
    package var changed: [Sourced<Value>] = []
    package var removed: [Key] = []
    /// What was read anew and is what it was; it may stand in another line now, or a part of it may.
    package var moved: [Sourced<Value>] = []

    /// Whether nothing changed; moving is no change.
    package var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }
}

/// One file as it was read, with all that is wrong in it.
struct ParsedFile: Sendable {
    var path: String
    /// Nil for standard input.
    var identity: ConfigFile.Identity?
    /// Counts the readings of all files: two parsed files with one number are the same reading.
    var reading: UInt64 = 0
    var agent = AgentConfiguration()
    var registrations: [Sourced<Registration>] = []
    var entries: [Sourced<ConfigEntry>] = []
    var problems: [DocumentProblem] = []
    var warnings: [DocumentProblem] = []
}
