import GRPCTransport
import GRPCWire
import IdentityCore
import NIOCore
import PeeringCore
import PeeringWire
import TLSEngine

/// Redeems a token: shows the establishment secret to the acceptor and gets the stream secret
/// (protocol sections 1.7 and 2.2).
struct SecretExchange: Sendable {
    let dialer: PeerDialer
    let settings: PeeringSettings

    /// Tries the cluster's own gateways, if there are any, and then them and the token's addresses.
    ///
    /// - Throws: `denied` if the acceptor does not know the secret (any more), `unavailable` if none answered.
    func redeem(_ token: PeeringToken, gateways: [String] = []) async throws(Refusal) -> SecretText {
        if !gateways.isEmpty {
            // They may still be learning the way; what they say meanwhile is of no interest.
            do throws(Refusal) {
                return try await redeem(token, at: gateways)
            } catch {
                if Task.isCancelled { throw error }
            }
        }
        return try await redeem(token, at: gateways + token.addressesToDial)
    }

    /// Tries the addresses round and round until one answers, none can, or the time is over.
    private func redeem(_ token: PeeringToken, at addresses: [String]) async throws(Refusal) -> SecretText {
        let deadline = ContinuousClock.now + settings.exchangeTimeout
        var ring = AddressRing(addresses)
        var failures = Failures()
        while let (text, address) = ring.next() {
            do {
                return try await attempt(address, token, within: max(deadline - .now, .zero))
            } catch let status as GRPCStatus where status.code == .permissionDenied {
                throw RejectionTrailer.refusal(of: status)
            } catch {
                failures.note(error, at: text, isLast: ContinuousClock.now + settings.exchangePause >= deadline)
            }
            let pause = settings.exchangePause * Double.random(in: 1...1.25)
            let isHopeless = addresses.allSatisfy(failures.final.contains)
            guard !isHopeless, ContinuousClock.now + pause < deadline, !Task.isCancelled else { break }
            try? await Task.sleep(for: pause)
        }
        throw Refusal(.unavailable, failures.sentence)
    }

    /// Why no address answered.
    private struct Failures {
        private var reasons: [(address: String, reason: String)] = []
        /// Addresses where trying again cannot help: somebody else answers there.
        private(set) var final: Set<String> = []

        /// - Parameter isLast: the attempt may have met nothing but the end of the time; an earlier reason says more.
        mutating func note(_ error: any Error, at address: String, isLast: Bool) {
            if (error as? GRPCStatus)?.cause.flatMap({ $0 as? TLSError })?.isAboutCertificate == true {
                final.insert(address)
            }
            if isLast, reasons.contains(where: { $0.address == address }) { return }
            reasons.removeAll { $0.address == address }
            reasons.append((address, "\(error)"))
        }

        var sentence: String {
            reasons.map { "failed to exchange peering secret through address \"\($0.address)\": \($0.reason)" }
                .joined(separator: "; ")
        }
    }

    private func attempt(
        _ address: HostPort, _ token: PeeringToken, within time: Duration
    ) async throws -> SecretText {
        let start = ContinuousClock.now
        let connection = try await dialer.connect(
            to: address, roots: token.caPEMs, serverName: token.serverName, timeout: time)
        return try await connection.closing {
            try await Self.exchange(over: connection, token, within: time - (.now - start))
        }
    }

    private static func exchange(
        over connection: GRPCConnection, _ token: PeeringToken, within time: Duration
    ) async throws -> SecretText {
        var request = WireExchangeSecretRequest()
        request.peerID = token.peerID
        request.establishmentSecret = token.establishmentSecret.reveal()
        let answer = try await connection.unary(
            path: PeerStreamMethod.exchangeSecret, message: ByteBuffer(bytes: try request.deterministicBytes()),
            timeout: TimeAmount(time))
        let secret = try WireExchangeSecretResponse(received: answer).streamSecret
        guard !secret.isEmpty else { throw GRPCStatus(.internal, "the acceptor answered without a secret") }
        return SecretText(secret)
    }
}

extension TLSError {
    /// Whether the peer showed a certificate that is not the one that was looked for.
    fileprivate var isAboutCertificate: Bool {
        [.certificateNameMismatch, .certificateUntrusted, .certificateExpired, .certificateInvalid].contains(code)
    }
}
