package import Listening

/// One place where the API is reached.
package enum HTTPDoor: Sendable {
    /// - Parameter port: 0 takes any free one. The same for `tls`.
    case plain(host: String, port: Int)
    case tls(host: String, port: Int, HTTPSCertificates)
    /// Who connects as root or as the daemon's own user is trusted.
    case unix(UnixSocketFile)

    /// As clients write it.
    ///
    /// - Parameter port: the real one.
    package func address(port: Int) -> String {
        switch self {
        case .plain(let host, _): Self.joined(host, port)
        case .tls(let host, _, _): "https://" + Self.joined(host, port)
        case .unix(let file): "unix://" + file.path
        }
    }

    private static func joined(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
