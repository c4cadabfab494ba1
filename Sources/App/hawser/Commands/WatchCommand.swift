import ArgumentParser
import DocumentCore
import Glibc

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Shows every replicated change as it happens.",
        discussion: "Begins with what is imported now. Times are UTC. Ends with Ctrl-C.")

    @OptionGroup var options: ClientOptions

    @Option(name: .customLong("peer"), help: "Only changes from and to this peer.")
    var peer: String?

    @Option(name: .customLong("format"), help: "text for people, jsonl for programs.")
    var format = "text"

    func validate() throws {
        guard format == "text" || format == "jsonl" else {
            throw ValidationError("Invalid format, valid formats are {text|jsonl}")
        }
    }

    func run() async throws {
        let client = try options.client()
        signal(SIGINT) { _ in _exit(0) }
        let path = APIPath("hawser", "watch").query("peer", peer).query("format", "jsonl")
        let output = Surroundings.current.output
        let isText = format == "text"
        do {
            try await client.http.lines(of: ClientRequest(method: .get, target: path.text)) {
                (line: ArraySlice<UInt8>) throws(CommandFailure) in
                let text = String(decoding: line, as: UTF8.self)
                try output.write(line: isText ? WatchText.line(text) : text)
            }
        } catch let error as ClientError {
            throw error.failure("Error watching")
        }
    }
}
