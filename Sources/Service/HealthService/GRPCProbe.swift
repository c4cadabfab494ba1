import CatalogCore
import GRPCTransport
import GRPCWire
import HealthCore
import NIOCore
import PeeringCore

extension Prober {
    /// Asks `grpc.health.v1.Health/Check` (gRPC: "GRPC Health Checking Protocol").
    ///
    /// - Parameter service: empty for the whole server.
    func askGRPC(
        _ address: HostPort, service: String, tls: CheckTLS?, within timeout: Duration
    ) async -> ProbeOutcome {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        var configuration = GRPCClientConfiguration()
        configuration.connectTimeout = TimeAmount(timeout)
        if let tls {
            configuration.security = GRPCSecurity(scheme: "https") { [security] channel, _ in
                try security.add(to: channel, tls, host: address.host, protocols: ["h2"])
            }
        }
        do {
            let connection = try await GRPCConnection.connect(
                to: .host(address.host.isEmpty ? "localhost" : address.host, port: address.port),
                authority: "\(address)", configuration: configuration, group: group)
            let answer = try await connection.closing {
                try await connection.unary(
                    path: "/grpc.health.v1.Health/Check", message: GRPCHealth.request(service: service),
                    timeout: deadline - NIODeadline.now())
            }
            guard GRPCHealth.isServing(answer) else {
                return ProbeOutcome(.critical, "gRPC application didn't report service healthy")
            }
            let path = service.isEmpty ? "" : "/\(service)"
            return ProbeOutcome(.passing, "gRPC check \(address)\(path): success")
        } catch let status as GRPCStatus {
            return ProbeOutcome(.critical, "rpc error: code = \(status.code.goName) desc = \(status.message)")
        } catch {
            return ProbeOutcome(.critical, ProbeFailure.words(for: error))
        }
    }
}

extension GRPCCode {
    /// The name in errors of grpc-go, which operators of Consul know: `DeadlineExceeded`; a cancelled call is
    /// `Canceled`.
    fileprivate var goName: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "Canceled"
        default:
            description.split(separator: "_").map { $0.prefix(1) + $0.dropFirst().lowercased() }.joined()
        }
    }
}

/// The two messages of `grpc.health.v1`.
enum GRPCHealth {
    /// Field 1, a string.
    private static let serviceTag: UInt8 = 0x0A
    /// Field 1, an enumeration.
    private static let statusTag: UInt8 = 0x08
    private static let serving: UInt8 = 1

    static func request(service: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        guard !service.isEmpty else { return buffer }
        buffer.writeInteger(serviceTag)
        var count = service.utf8.count
        while count > 0x7F {
            buffer.writeInteger(UInt8(count & 0x7F | 0x80))
            count >>= 7
        }
        buffer.writeInteger(UInt8(count))
        buffer.writeString(service)
        return buffer
    }

    /// The response has one small field; whatever else it is does not say `SERVING`.
    static func isServing(_ response: ByteBuffer) -> Bool {
        response.readableBytesView.elementsEqual([statusTag, serving])
    }
}
