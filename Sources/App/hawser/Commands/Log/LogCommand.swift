import ArgumentParser
import DocumentCore
import TLSEngine

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Looks after the replication log, which `hawser watch` shows.",
        discussion: """
            The log has an event for each change that a peer sent or took, numbered without a gap. Each event names the \
            SHA-256 of the event before it, so that none can be changed or taken out unseen. What is older or more than \
            `replication_log` of the configuration says is not kept.
            """,
        subcommands: [VerifyLogCommand.self])
}

struct VerifyLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Checks that all events of the replication log are those that were written.",
        discussion: """
            Names the first event that was changed or is missing. Whoever can write the daemon's files can write a log \
            that is whole in itself: keep the number and the hash of an event elsewhere (`hawser watch -format jsonl`) \
            to compare them later.

            Exit codes: 0 the log is whole, 1 it is not or could not be read.
            """)

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let client = try options.client()
        let (verifier, problem) = try await Self.verify(client)
        if format.isJSON {
            try Surroundings.current.output.write(line: Self.json(verifier, problem))
            if problem != nil { throw CommandFailure("") }
        } else if let problem {
            throw CommandFailure("hawser: \(problem.sentence)")
        } else {
            try Surroundings.current.output.write(line: Self.sentence(verifier))
        }
    }

    private static func verify(_ client: DaemonClient) async throws -> (LogVerifier, LogVerifier.Problem?) {
        do {
            let bounds = try await client.logBounds()
            var verifier = LogVerifier(bounds) { Crypto.sha256($0) }
            var problem: LogVerifier.Problem?
            guard bounds.next > 1 else { return (verifier, nil) }
            let path = APIPath("hawser", "watch").query("since", "\(bounds.oldest)").query("follow", "false")
            try await client.http.lines(of: ClientRequest(method: .get, target: path.text)) { line in
                problem = problem ?? verifier.lineReceived(line)
            }
            problem = problem ?? verifier.ended()
            return (verifier, problem)
        } catch let error as ClientError {
            throw error.failure("Error reading the replication log")
        }
    }

    private static func sentence(_ verifier: LogVerifier) -> String {
        guard verifier.count > 0 else { return "verified: there are no events yet" }
        return "verified: events \(verifier.first) to \(verifier.first + verifier.count - 1), the chain is whole"
    }

    private static func json(_ verifier: LogVerifier, _ problem: LogVerifier.Problem?) -> String {
        var json = JSONWriter(style: .pretty)
        json.object { json in
            json.field("Whole", problem == nil)
            json.field("First", verifier.first)
            json.field("Events", verifier.count)
            if let problem {
                json.field("Event", problem.number)
                json.field("Problem", problem.sentence)
            }
        }
        return json.text
    }
}
