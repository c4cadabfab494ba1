import ArgumentParser
import DocumentCore

struct ACLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acl",
        abstract: "Looks after who may do what: policies, and the tokens that carry them.",
        discussion: """
            With `acl { enabled = true  default_policy = "deny" }` in the agent's configuration, requests need a token. \
            The first one is made once, and may do everything:

              $ hawser acl bootstrap
              $ export HAWSER_HTTP_TOKEN_FILE=/root/hawser-token      # its SecretID
              $ hawser acl policy create -name reader -rules 'peering = "read"'
              $ hawser acl token create -description dashboard -policy-name reader

            A SecretID is shown once, when its token is made: the daemon keeps a digest of it. If all tokens that may do \
            everything are lost, write the reset index that `hawser acl bootstrap` tells into the file \
            acl-bootstrap-reset of the data directory, and bootstrap once more.
            """,
        subcommands: [ACLBootstrapCommand.self, ACLPolicyCommand.self, ACLTokenCommand.self])
}

struct ACLBootstrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap", abstract: "Makes the first management token; this works once.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    @Argument(help: "File with the secret that the token is to have, or - for standard input. Default: a random one.")
    var file: String?

    func run() async throws {
        var body: [UInt8] = []
        if let file {
            let secret = String(decoding: try SystemFiles.read(file, limit: 4096), as: UTF8.self)[...].trimmingSpaces
            var json = JSONWriter()
            json.object { $0.field("BootstrapSecret", secret) }
            body = json.bytes
        }
        let answer = try await options.ask("Failed ACL bootstrapping") { client throws(ClientError) in
            try await Self.bootstrap(client, body)
        }
        try format.write(answer, ACLText.token)
    }

    private static func bootstrap(_ client: DaemonClient, _ body: [UInt8]) async throws(ClientError) -> Document {
        do throws(ClientError) {
            return try await client.exchange(.put, APIPath("acl", "bootstrap"), body: body)
        } catch {
            guard error.sentence.contains("reset index") else { throw error }
            throw ClientError(
                error.code,
                error.sentence + ". If the tokens are lost, write that index into the file acl-bootstrap-reset of the "
                    + "data directory, and try again")
        }
    }
}

extension DaemonClient {
    /// The one ID in a list that begins so; a whole one is taken as it is.
    func fullID(
        _ beginning: String, in list: APIPath, key: String, of what: String
    ) async throws(ClientError) -> String {
        guard beginning.utf8.count < uuidLength else { return beginning }
        let all = try await get(list).document.list ?? []
        let found = all.compactMap { $0[key]?.string }.filter { $0.hasPrefix(beginning) }
        guard let id = found.first, found.count == 1 else {
            let reason = found.isEmpty ? "no" : "more than one"
            throw ClientError(.refused(status: 404), "\(reason) \(what) has an ID that begins with \(beginning)")
        }
        return id
    }

    private var uuidLength: Int { 36 }
}
