import GRPCTransport
import GRPCWire
import IdentityCore
import NIOCore
import PeeringCore
import PeeringWire

/// Redeems a token: shows the establishment secret to the acceptor and gets the stream secret
/// (protocol sections 1.7 and 2.2).
struct SecretExchange: Sendable {
    let dialer: PeerDialer
    let settings: PeeringSettings

    /// The last attempt gets so much time, whatever is left: with less, it would only hide why the others failed.
    private static let shortestAttempt = Duration.milliseconds(500)

    /// Tries the addresses round and round until one answers or the time is over.
    ///
    /// - Throws: `denied` if the acceptor does not know the secret (any more), `unavailable` if none answered.
    func redeem(_ token: PeeringToken) async throws(Refusal) -> SecretText {
        let deadline = ContinuousClock.now + settings.exchangeTimeout
        var ring = AddressRing(token.addressesToDial)
        var failures: [(address: String, reason: String)] = []
        while let text = ring.next(), let address = HostPort(text) {
            let left = max(deadline - .now, Self.shortestAttempt)
            do {
                return try await attempt(address, token, within: left)
            } catch let status as GRPCStatus where status.code == .permissionDenied {
                throw Refusal(.denied, "a new peering token must be generated: \(status.message)")
            } catch {
                // The last attempt may have met nothing but the end of the time: an earlier one says more.
                let isOver = ContinuousClock.now + settings.exchangePause >= deadline
                if isOver, failures.contains(where: { $0.address == text }) { break }
                failures.removeAll { $0.address == text }
                failures.append((text, "\(error)"))
            }
            let pause = settings.exchangePause * Double.random(in: 1...1.25)
            guard ContinuousClock.now + pause < deadline, !Task.isCancelled else { break }
            try? await Task.sleep(for: pause)
        }
        let reasons = failures.map {
            "failed to exchange peering secret through address \"\($0.address)\": \($0.reason)"
        }
        throw Refusal(.unavailable, reasons.joined(separator: "; "))
    }

    private func attempt(
        _ address: HostPort, _ token: PeeringToken, within time: Duration
    ) async throws -> SecretText {
        let start = ContinuousClock.now
        let connection = try await dialer.connect(
            to: address, roots: token.caPEMs, serverName: token.serverName, timeout: time)
        let result = await Result {
            try await Self.exchange(over: connection, token, within: time - (.now - start))
        }
        await connection.close()
        return try result.get()
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

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
