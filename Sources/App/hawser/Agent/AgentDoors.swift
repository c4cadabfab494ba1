import ConfigCore
import HTTPService
import IdentityCore
import Listening
import Logging

/// The doors of the HTTP API, as the settings say.
struct AgentDoors {
    let doors: [HTTPDoor]
    /// Nil if HTTPS is not served.
    let certificates: HTTPSCertificates?
    /// What operators should know before the API is open.
    let warnings: [String]

    /// - Throws: `Refusal` for files that HTTPS cannot be served with, and for Unix sockets that cannot be.
    init(_ settings: ResolvedAgentConfiguration) async throws(Refusal) {
        let configured = settings.doors
        var doors: [HTTPDoor] = []
        var warnings: [String] = []
        let plain = settings.httpPort < 0 ? [] : AddressSetting.list(configured.httpAddresses ?? settings.clientAddress)
        for address in plain {
            if let path = AddressSetting.socketPath(address) {
                doors.append(.unix(try Self.socket(path, configured.unixSockets)))
            } else {
                doors.append(.plain(host: address, port: settings.httpPort))
            }
        }
        let httpsPort = configured.httpsPort ?? -1
        let secured = httpsPort < 0 ? [] : AddressSetting.list(configured.httpsAddresses ?? settings.clientAddress)
        var certificates: HTTPSCertificates?
        if !secured.isEmpty {
            let loaded = try await HTTPSCertificates.load(Self.files(configured.https), now: WallClock.now)
            certificates = loaded.certificates
            warnings += loaded.warnings
            doors += secured.map { .tls(host: $0, port: httpsPort, loaded.certificates) }
        }
        warnings += doors.compactMap {
            Self.warning(
                about: $0, knowsClients: settings.acl.deniesByDefault,
                verifiesClients: configured.https.verifiesIncoming)
        }
        self.doors = doors
        self.certificates = certificates
        self.warnings = warnings
    }

    private static func files(_ tls: TLSFileSettings) -> HTTPSCertificates.Files {
        HTTPSCertificates.Files(
            certificate: tls.certificateFile, key: tls.keyFile, ca: tls.caFile,
            verifiesClients: tls.verifiesIncoming ?? false, needsTLS13: tls.minVersion == .tls13)
    }

    private static func socket(_ path: String, _ settings: UnixSocketSettings) throws(Refusal) -> UnixSocketFile {
        do throws(ListenProblem) {
            return try UnixSocketFile(path: path, user: settings.user, group: settings.group, mode: settings.mode)
        } catch {
            throw Refusal(.invalid, "\(error)")
        }
    }

    /// What is wrong with a door that others than this machine's can reach; nil if nothing is.
    private static func warning(about door: HTTPDoor, knowsClients: Bool, verifiesClients: Bool?) -> String? {
        switch door {
        case .unix: return nil
        case .plain(let host, let port):
            guard !AddressSetting.isLoopback(host) else { return nil }
            let remedy =
                "serve it by HTTPS (ports.https and tls.https), or on the loopback or a Unix socket (addresses.http)"
            let address = door.address(port: port)
            guard !knowsClients else {
                return "requests to \(address) and the tokens in them can be read on the way: \(remedy)"
            }
            return "the HTTP API answers whoever reaches \(address), and what it says can be read on the way: \(remedy)"
        case .tls(let host, let port, _):
            guard !AddressSetting.isLoopback(host), !knowsClients, verifiesClients != true else { return nil }
            return "the HTTPS API answers whoever reaches \(door.address(port: port)): ask for tokens (acl.enabled and "
                + "acl.default_policy \"deny\"), or for client certificates (tls.https.verify_incoming)"
        }
    }
}

extension AgentDoors {
    /// A service for each door.
    ///
    /// - Parameter announce: told where they listen when all do.
    func services(
        _ dependencies: HTTPDependencies, logger: Logger, announce: @escaping @Sendable ([String]) -> Void
    ) -> [HTTPService] {
        let start = StartAnnouncement(expecting: doors.count, announce: announce)
        return doors.map { door in
            HTTPService(door: door, dependencies: dependencies, logger: logger) { port in
                start.listening(on: door.address(port: port))
            }
        }
    }
}
