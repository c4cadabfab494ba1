import CatalogCore
import NIOCore
import NIOConcurrencyHelpers
import TLSEngine
import TLSTransport

/// TLS for checks: the system's authorities, or none, with a context for each kind that lives as long as the daemon,
/// as reading the authorities takes longer than most checks.
final class ProbeSecurity: Sendable {
    private struct Kind: Hashable {
        var protocols: [String]
        var skipsVerification: Bool
    }

    private let contexts = NIOLockedValueBox<[Kind: TLSContext]>([:])

    /// Adds TLS at the bottom of a channel; called on its event loop.
    ///
    /// - Parameters:
    ///   - host: verified, and asked for, unless the check names another.
    ///   - protocols: what to speak above TLS, for ALPN; empty for nothing in particular.
    func add(to channel: any Channel, _ tls: CheckTLS, host: String, protocols: [String]) throws {
        let name = tls.serverName.isEmpty ? (host.isEmpty ? "localhost" : host) : tls.serverName
        let context = try context(Kind(protocols: protocols, skipsVerification: tls.skipsVerification))
        try channel.pipeline.syncOperations.addHandler(try TLSHandler(client: context, serverName: name))
    }

    private func context(_ kind: Kind) throws -> TLSContext {
        try contexts.withLockedValue { contexts in
            if let context = contexts[kind] { return context }
            var settings = TLSClientSettings(trust: kind.skipsVerification ? .anyone : .system)
            settings.common.applicationProtocols = kind.protocols
            let context = try TLSContext(client: settings)
            contexts[kind] = context
            return context
        }
    }
}
