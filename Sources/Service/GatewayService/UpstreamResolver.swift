import GatewayRelay
import Glibc
import Logging
import NIOPosix
import PeeringCore

/// Turns upstreams into addresses: digits as they are, names by the system's resolver on a thread that may wait. A name
/// that cannot be resolved keeps its last addresses.
struct UpstreamResolver {
    /// Names that are looked up in one go.
    private static let maxNames = 1_024

    private let logger: Logger
    private var known: [HostPort: [RelayAddress]] = [:]
    private(set) var hasNames = false

    init(logger: Logger) {
        self.logger = logger
    }

    mutating func resolve(_ upstreams: [HostPort]) async -> [HostPort: [RelayAddress]] {
        var resolved: [HostPort: [RelayAddress]] = [:]
        hasNames = false
        for upstream in Set(upstreams).prefix(Self.maxNames) {
            guard let port = UInt16(exactly: upstream.port) else { continue }
            if let address = RelayAddress(ip: upstream.host, port: port) {
                resolved[upstream] = [address]
                continue
            }
            hasNames = true
            resolved[upstream] = await lookUp(upstream, port) ?? known[upstream] ?? []
        }
        known = resolved
        return resolved
    }

    private func lookUp(_ upstream: HostPort, _ port: UInt16) async -> [RelayAddress]? {
        let host = upstream.host
        let found = try? await NIOThreadPool.singleton.runIfActive { SystemResolver.addresses(of: host, port: port) }
        guard let found, !found.isEmpty else {
            logger.warning("the name of an upstream cannot be resolved", metadata: ["upstream": "\(upstream)"])
            return nil
        }
        return found
    }
}

/// getaddrinfo(3): blocks.
enum SystemResolver {
    static func addresses(of host: String, port: UInt16) -> [RelayAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var found: [RelayAddress] = []
        var next = unsafe list
        while let item = unsafe next {
            if let address = unsafe address(in: item.pointee, port: port), !found.contains(address) {
                found.append(address)
            }
            unsafe next = item.pointee.ai_next
        }
        return found
    }

    private static func address(in item: addrinfo, port: UInt16) -> RelayAddress? {
        guard let raw = unsafe item.ai_addr else { return nil }
        switch unsafe item.ai_family {
        case AF_INET:
            let address = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in.self).sin_addr
            return unsafe withUnsafeBytes(of: address) { unsafe RelayAddress(bytes: Array($0), port: port) }
        case AF_INET6:
            let address = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in6.self)
            return unsafe withUnsafeBytes(of: address.sin6_addr) {
                unsafe RelayAddress(bytes: Array($0), port: port, scope: address.sin6_scope_id)
            }
        default:
            return nil
        }
    }
}
