package import IdentityCore
import NIOPosix
package import PeeringCore
import Synchronization
import TLSEngine

/// What HTTPS is served with: files, and what was in them when they were last read. Connections that are up keep what
/// they began with. Any task may call any method.
package final class HTTPSCertificates: Sendable {
    /// Which files, by their keys in the configuration.
    package struct Files: Hashable, Sendable {
        package var certificate: String?
        package var key: String?
        package var ca: String?
        /// Whether clients have to show a certificate from the CA.
        package var verifiesClients: Bool
        package var needsTLS13: Bool

        package init(certificate: String?, key: String?, ca: String?, verifiesClients: Bool, needsTLS13: Bool) {
            self.certificate = certificate
            self.key = key
            self.ca = ca
            self.verifiesClients = verifiesClients
            self.needsTLS13 = needsTLS13
        }
    }

    /// Files that were read and found good.
    package struct Reading: Sendable {
        let context: TLSContext
        package let warnings: [String]
    }

    private let files: Files
    private let now: @Sendable () -> Timestamp
    private let current: Mutex<TLSContext>

    /// - Parameter reading: what `read` gave, of the same files.
    private init(files: Files, now: @escaping @Sendable () -> Timestamp, reading: Reading) {
        self.files = files
        self.now = now
        self.current = Mutex(reading.context)
    }

    /// Reads the files for the first time.
    ///
    /// - Throws: `invalid` for what cannot be served with, with the file and what to do.
    package static func load(
        _ files: Files, now: @escaping @Sendable () -> Timestamp
    ) async throws(Refusal) -> (certificates: HTTPSCertificates, warnings: [String]) {
        let reading = try await read(files, now: now())
        return (HTTPSCertificates(files: files, now: now, reading: reading), reading.warnings)
    }

    /// Reads the files again; `install` makes it count.
    package func read() async throws(Refusal) -> Reading { try await Self.read(files, now: now()) }

    package func install(_ reading: Reading) { current.withLock { $0 = reading.context } }

    /// For the next connection.
    var context: TLSContext { current.withLock { $0 } }

    // MARK: Reading

    private static func read(_ files: Files, now: Timestamp) async throws(Refusal) -> Reading {
        let result: Result<Reading, Refusal>
        do {
            // Blocks on the disk, so not on the cooperative pool.
            result = try await NIOThreadPool.singleton.runIfActive {
                Result { () throws(Refusal) in try readNow(files, now: now) }
            }
        } catch {
            throw Refusal(.unavailable, "the daemon is shutting down")
        }
        return try result.get()
    }

    private static func readNow(_ files: Files, now: Timestamp) throws(Refusal) -> Reading {
        let chainFile = try file("tls.https.cert_file", files.certificate, "the certificate, and its intermediates")
        let keyFile = try file("tls.https.key_file", files.key, "the private key of the certificate")
        let chain = try certificates(in: chainFile)
        let leaf = chain[0]
        guard now.seconds >= leaf.notBefore else {
            throw chainFile.problem(
                "is not valid yet (\(leaf.displayName), from \(time(leaf.notBefore))): compare the clocks of this "
                    + "machine and its maker")
        }
        guard now.seconds <= leaf.notAfter else {
            throw chainFile.problem(
                "has expired (\(leaf.displayName), at \(time(leaf.notAfter))): put a new certificate there")
        }
        let (keyText, isOpen) = try keyFile.read()
        let identity: TLSIdentity
        do throws(TLSError) {
            let key = try PrivateKey(pem: keyText)
            guard key.matches(leaf) else {
                throw TLSError(.invalidInput, "does not belong to the certificate in \(chainFile.path)")
            }
            identity = try TLSIdentity(certificate: leaf, intermediates: Array(chain.dropFirst()), key: key)
        } catch {
            throw keyFile.problem(
                "cannot be used: \(error.message). Put the key there that the certificate was made with")
        }
        let warning = "\(keyFile.setting) \(keyFile.path) can be read by every user of this machine: chmod 600 it"
        return Reading(context: try context(files, identity), warnings: isOpen ? [warning] : [])
    }

    private static func context(_ files: Files, _ identity: TLSIdentity) throws(Refusal) -> TLSContext {
        var settings = TLSServerSettings { _ in identity }
        settings.common.applicationProtocols = ["http/1.1"]
        if files.needsTLS13 { settings.common.versions = .tls13 ... .tls13 }
        if files.verifiesClients {
            let file = try file(
                "tls.https.ca_file", files.ca, "the CA that verify_incoming wants clients to be known by")
            settings.clients = .certified(try certificates(in: file))
        }
        do throws(TLSError) {
            return try TLSContext(server: settings)
        } catch {
            throw Refusal(.failed, "HTTPS cannot be served: \(error)")
        }
    }

    private static func file(_ setting: String, _ path: String?, _ content: String) throws(Refusal) -> PEMFile {
        guard let path else {
            throw Refusal(.invalid, "\(setting) is not set: HTTPS needs a PEM file with \(content)")
        }
        return PEMFile(setting: setting, path: path)
    }

    private static func certificates(in file: PEMFile) throws(Refusal) -> [X509Certificate] {
        let text = try file.read().text
        do throws(TLSError) {
            return try X509Certificate.parsePEM(text)
        } catch {
            throw file.problem("cannot be used: \(error.message). Put PEM certificates there")
        }
    }

    private static func time(_ seconds: Int64) -> String { Timestamp(seconds: seconds).rfc3339 }
}
