import ArgumentParser
import TLSEngine

/// How a daemon that is asked by HTTPS is known, and how it knows us. Each option wins over its variable.
struct ClientTLSOptions: ParsableArguments {
    @Option(
        name: .customLong("ca-file"),
        help: ArgumentHelp(
            "CA that the daemon's certificate is from, in PEM. Default: CONSUL_CACERT, else the system's.",
            valueName: "file"))
    var caFile: String?

    @Option(
        name: .customLong("client-cert"),
        help: ArgumentHelp(
            "Certificate to show to the daemon, in PEM. Default: CONSUL_CLIENT_CERT.", valueName: "file"))
    var certificateFile: String?

    @Option(
        name: .customLong("client-key"),
        help: ArgumentHelp("Its private key. Default: CONSUL_CLIENT_KEY.", valueName: "file"))
    var keyFile: String?

    @Option(
        name: .customLong("tls-server-name"),
        help: ArgumentHelp(
            "Name that the daemon's certificate is for. Default: CONSUL_TLS_SERVER_NAME, else the host.",
            valueName: "name"))
    var serverName: String?

    /// - Throws: for files that cannot be used, by their paths.
    func security(environment: (String) -> String?) throws(CommandFailure) -> ClientSecurity {
        func value(_ option: String?, _ variable: String) -> String? {
            (option ?? environment(variable)).flatMap { $0.isEmpty ? nil : $0 }
        }
        var settings = TLSClientSettings(trust: .system)
        if let file = value(caFile, "CONSUL_CACERT") {
            settings = TLSClientSettings(
                roots: try Self.using(file) { text throws(TLSError) in try X509Certificate.parsePEM(text) })
        }
        if ["0", "f", "false"].contains(environment("CONSUL_HTTP_SSL_VERIFY")?.lowercased()) {
            settings.trust = .anyone
        }
        settings.common.applicationProtocols = ["http/1.1"]
        switch (value(certificateFile, "CONSUL_CLIENT_CERT"), value(keyFile, "CONSUL_CLIENT_KEY")) {
        case (nil, nil): break
        case (let certificate?, let key?): settings.identity = try Self.identity(certificate, key)
        case (.some, nil), (nil, .some):
            throw CommandFailure("hawser: -client-cert and -client-key belong together: name both files", exitCode: 2)
        }
        do throws(TLSError) {
            return ClientSecurity(
                context: try TLSContext(client: settings), serverName: value(serverName, "CONSUL_TLS_SERVER_NAME"))
        } catch {
            throw CommandFailure("hawser: TLS cannot be used: \(error.message)")
        }
    }

    /// Far above a chain of certificates.
    private static let maxFileBytes = 1 << 20

    private static func identity(_ certificate: String, _ key: String) throws(CommandFailure) -> TLSIdentity {
        let chain = try using(certificate) { text throws(TLSError) in try X509Certificate.parsePEM(text) }
        return try using(key) { text throws(TLSError) in
            try TLSIdentity(
                certificate: chain[0], intermediates: Array(chain.dropFirst()), key: try PrivateKey(pem: text))
        }
    }

    private static func using<Value>(
        _ file: String, _ read: (String) throws(TLSError) -> Value
    ) throws(CommandFailure) -> Value {
        let bytes = try SystemFiles.read(file, limit: maxFileBytes)
        do throws(TLSError) {
            return try read(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw CommandFailure("hawser: \(file) cannot be used: \(error.message)")
        }
    }
}
