import ArgumentParser
import Glibc

/// The command line: `agent` is the daemon, every other subcommand is a client of its HTTP API.
@main
struct Hawser: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hawser",
        abstract: "Ties two clusters together: cluster peering that speaks Consul's protocol.",
        discussion: """
            Long options may be written with one dash or two (-name web, --name=web). The daemon's address is taken \
            from --http-addr, HAWSER_HTTP_ADDR or CONSUL_HTTP_ADDR, in this order, and is 127.0.0.1:8500 otherwise; \
            https://host:port and unix:///path are understood too.

            Exit codes: 0 success, 1 failure, 2 the command line was wrong, 3 files that fmt -check would change.
            """,
        subcommands: [
            AgentCommand.self, PeeringCommand.self, TokenCommand.self, CatalogCommand.self, ConfigCommand.self,
            ExportsCommand.self, MeshCommand.self, WatchCommand.self, LogCommand.self, CACommand.self, ACLCommand.self,
            GatewayCommand.self, EnvoyCommand.self,
            ValidateCommand.self, FmtCommand.self, SchemaCommand.self, ReloadCommand.self, VersionCommand.self,
        ])

    static func main() async {
        // A reader that goes away (`| head`) shows as an error of the write, which ends the command quietly.
        signal(SIGPIPE, SIG_IGN)
        Glibc.exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs one command line.
    ///
    /// - Parameter arguments: without the program's name.
    /// - Returns: the exit code.
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try parseAsRoot(GoStyleArguments.rewrite(arguments))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            return report(failure)
        } catch {
            return report(parserError: error)
        }
    }

    private static func report(_ failure: CommandFailure) -> Int32 {
        if !failure.sentence.isEmpty { Surroundings.current.error.tryWrite(failure.sentence.printableLines + "\n") }
        return failure.exitCode
    }

    /// The parser's own errors: help and the like are what was asked for, the rest is a wrong command line.
    private static func report(parserError error: any Error) -> Int32 {
        let text = fullMessage(for: error)
        let line = text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
        switch exitCode(for: error) {
        case .success:
            Surroundings.current.output.tryWrite(line)
            return 0
        case .validationFailure:
            Surroundings.current.error.tryWrite(line)
            return 2
        case let code:
            Surroundings.current.error.tryWrite(line)
            return code.rawValue
        }
    }
}
