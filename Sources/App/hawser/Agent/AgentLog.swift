import ConfigCore
import DocumentCore
import Logging
import PeeringCore

/// The daemon's log on standard error: a line for people, or a JSON object a line with Consul's keys.
struct AgentLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let label: String
    private let isJSON: Bool
    private let output: TextOutput

    init(label: String, level: AgentConfiguration.LogLevel, isJSON: Bool, output: TextOutput) {
        self.label = label
        self.logLevel = level.loggerLevel
        self.isJSON = isJSON
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        output.tryWrite(isJSON ? json(event) : text(event))
    }

    private typealias Field = (key: String, value: Logger.MetadataValue)

    private func fields(of event: LogEvent) -> [Field] {
        metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    }

    /// A peer's words may be in here: nothing in them may look like a line of ours.
    private func text(_ event: LogEvent) -> String {
        let lines = "\(event.message)".split(separator: "\n").map { String($0).printable }
        let time = WallClock.now().rfc3339
        var line = "\(time) [\(event.level.consulName.uppercased())] \(label): \(lines.joined(separator: "\n    "))"
        for (index, item) in fields(of: event).enumerated() {
            line += "\(index == 0 ? ": " : " ")\(item.key)=\(Self.quotedIfNeeded("\(item.value)".printable))"
        }
        return line + "\n"
    }

    /// A value with spaces in it ends where its quotes do.
    private static func quotedIfNeeded(_ value: String) -> String {
        value.isEmpty
            || value.utf8.contains { [UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "=")].contains($0) }
            ? quoted(value) : value
    }

    private func json(_ event: LogEvent) -> String {
        var json = JSONWriter()
        json.object {
            $0.field("@level", event.level.consulName)
            $0.field("@message", "\(event.message)")
            $0.field("@module", label)
            $0.field("@timestamp", WallClock.now().rfc3339)
            for item in fields(of: event) { $0.field(item.key, "\(item.value)") }
        }
        return json.text + "\n"
    }
}

extension Logger.Level {
    fileprivate var consulName: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }
}

extension AgentConfiguration.LogLevel {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .warn: .warning
        case .error: .error
        }
    }
}
