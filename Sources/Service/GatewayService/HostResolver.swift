import GatewayCore
package import GatewayRelay
import Glibc
import NIOPosix
package import PeeringCore

/// Turns host names into addresses.
package protocol HostResolver: Sendable {
    /// - Returns: none if the name cannot be resolved.
    func addresses(of upstream: HostPort) async -> [RelayAddress]
}

/// The system's own resolver, on threads that may wait. A lookup cannot be stopped: it may outlive the task that asked.
package struct SystemResolver: HostResolver {
    /// As many as there are lookups side by side: one that waits for its thread would wait for others' names. They start
    /// with the first name, and end with the process.
    private static let threads: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: ResolutionLimits().running)
        threads.start()
        return threads
    }()

    package init() {}

    package func addresses(of upstream: HostPort) async -> [RelayAddress] {
        guard let port = UInt16(exactly: upstream.port) else { return [] }
        return await withCheckedContinuation { continuation in
            Self.threads.submit { state in
                guard case .active = state else { return continuation.resume(returning: []) }
                continuation.resume(returning: Self.addresses(of: upstream.host, port: port))
            }
        }
    }

    /// getaddrinfo(3): blocks.
    private static func addresses(of host: String, port: UInt16) -> [RelayAddress] {
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
