import GRPCTransport
import NIOCore
import PeeringCore

extension GRPCConnectionInfo {
    /// The peer's `host:port`, for logs and statuses.
    var remoteText: String {
        guard let remoteAddress else { return "unknown" }
        guard let host = remoteAddress.ipAddress, let port = remoteAddress.port else { return "\(remoteAddress)" }
        return HostPort(host: host, port: port).description
    }
}
