import ArgumentParser
import ConfigCore
import ConfigFiles
import DocumentCore
import Glibc
import IdentityCore

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Runs the daemon.",
        discussion: """
            One agent per cluster. It takes Consul's flags and the keys of Consul's agent files as far as they \
            concern it, and names those that it leaves alone. SIGHUP reads the files again; SIGTERM and SIGINT end \
            it in order.
            """)

    @OptionGroup var flags: AgentFlags

    func run() async throws {
        // A reload that is asked for during the start is not the end: `ReloadOnSignal` listens later.
        signal(SIGHUP, SIG_IGN)
        var loader = ConfigLoader(flags.paths)
        let loaded: LoadedConfiguration
        let settings: ResolvedAgentConfiguration
        do throws(DocumentProblems) {
            loaded = try loader.load()
            settings = try Self.defaults(for: loaded.agent.merging(flags.configuration))
                .resolved(hostName: SystemFiles.hostName).withCheckedAddresses()
        } catch {
            throw CommandFailure("hawser: the configuration is refused:\n\(error)")
        }
        do {
            try await AgentDaemon(settings: settings, loader: loader, loaded: loaded).run()
        } catch let refusal as Refusal {
            throw CommandFailure("hawser: \(refusal.message)")
        } catch {
            throw CommandFailure("hawser: the agent has ended: \(error)")
        }
    }

    /// Trying it out should not open ports to the world.
    private static func defaults(for configuration: AgentConfiguration) -> AgentConfiguration {
        var configuration = configuration
        if configuration.isDevelopment == true {
            configuration.bindAddress = configuration.bindAddress ?? "127.0.0.1"
        }
        return configuration
    }
}
