import ArgumentParser
import Glibc
import IdentityCore
import PeeringCore

struct InspectTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what a token says, Consul's too, and never its secret. No daemon is asked.")

    @OptionGroup var format: FormatOption

    @Argument(
        help: ArgumentHelp(
            "File with the token, - for standard input, or the token itself, which others on this machine can see.",
            valueName: "token|file|-"))
    var source = "-"

    func run() throws {
        let text = try text()
        let token: PeeringToken
        do throws(Refusal) {
            token = try PeeringToken(encoded: text)
        } catch {
            throw CommandFailure("Error inspecting the token: \(error.message)")
        }
        let output = Surroundings.current.output
        let view = TokenView(token)
        if format.isJSON { try output.write(line: view.json) } else { try output.write(view.text) }
    }

    /// Shorter than any token: a misspelled path is not taken for one.
    private static let maxPathBytes = 200

    private func text() throws(CommandFailure) -> String {
        let isFile = unsafe source.utf8.count < Self.maxPathBytes || access(source, F_OK) == 0
        guard isFile else { return source }
        return String(decoding: try SystemFiles.read(source, limit: PeeringToken.maxEncodedBytes), as: UTF8.self)
    }
}
