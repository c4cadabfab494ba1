import Foundation
import NIOPosix
import ProcessTestKit

/// What a program did: its exit code and what it wrote.
struct Outcome: Sendable {
    var code: Int32
    var output: String
    var errors: String
}

/// The built program, beside the test bundle.
enum Program {
    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    static func path() throws -> String {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
        // The bundle, or a helper of the toolchain that was given the bundle's path.
        let candidates = ([bundle] + CommandLine.arguments.map { URL(fileURLWithPath: $0) })
            .map { $0.deletingLastPathComponent().appending(path: "hawser").path }
        if let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) { return found }
        throw Missing(description: "build it first: swift build --product hawser")
    }

    /// This process's environment without what would lead a command to another daemon.
    private static func environment(_ added: [String: String]) -> [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CONSUL_") && !$0.key.hasPrefix("HAWSER_") }
            .merging(added) { $1 }
    }

    /// Runs a command line to its end.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        let (output, errors) = (TemporaryFile(), TemporaryFile())
        defer { for file in [output, errors] { file.remove() } }
        let process = try ChildProcess(
            try path(), arguments, environment: Self.environment(environment), output: output.url.path,
            errors: errors.url.path)
        let code = try await process.end()
        return Outcome(code: code, output: output.text, errors: errors.text)
    }
}

extension ChildProcess {
    /// Waits for the end without holding a thread of the cooperative pool.
    func end() async throws -> Int32 {
        try await NIOThreadPool.singleton.runIfActive { self.wait() }
    }
}

/// A file for what a process writes.
struct TemporaryFile: Sendable {
    let url: URL

    init(_ url: URL = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString)")) {
        self.url = url
    }

    var text: String { (try? String(contentsOf: url, encoding: .utf8)) ?? "" }

    func remove() { try? FileManager.default.removeItem(at: url) }
}
