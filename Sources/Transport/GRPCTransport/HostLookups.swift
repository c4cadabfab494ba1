import Glibc
import NIOConcurrencyHelpers
package import NIOCore
package import NIOPosix

/// Looks host names up for connections, side by side: NIO's own resolver lets all names of an event loop wait for one
/// another, and addresses in digits wait with them. Any thread may call any method.
///
/// A lookup cannot be stopped, and a connection that waits for it may be given up. So that what is left behind does not
/// pile up, each name has at most one lookup, which answers all who ask meanwhile.
package final class HostLookups: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Lookups that run side by side. The system's resolver blocks, so that each one takes a thread; they start with
        /// the first name.
        package var running = 16

        package init() {}
    }

    private struct Work {
        /// Those who ask, by name. One that is here has its lookup.
        var askers: [String: [EventLoopPromise<[SocketAddress]>]] = [:]
        var threads: NIOThreadPool?
    }

    private let limits: Limits
    private let resolve: @Sendable (String) -> [SocketAddress]
    private let work = NIOLockedValueBox(Work())

    /// - Parameter resolve: the addresses of a name, with any port; none if it cannot be resolved. May block.
    package init(
        limits: Limits = Limits(), resolve: @escaping @Sendable (String) -> [SocketAddress] = SystemNames.addresses
    ) {
        self.limits = limits
        self.resolve = resolve
    }

    /// - Returns: the addresses, with this port; none if the name cannot be resolved.
    package func addresses(of host: String, port: Int, on loop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        if let address = try? SocketAddress(ipAddress: host, port: port) { return loop.makeSucceededFuture([address]) }
        let promise = loop.makePromise(of: [SocketAddress].self)
        let threads: NIOThreadPool? = work.withLockedValue { work in
            work.askers[host, default: []].append(promise)
            if work.askers[host]?.count != 1 { return nil }
            if let threads = work.threads { return threads }
            let threads = NIOThreadPool(numberOfThreads: limits.running)
            threads.start()
            work.threads = threads
            return threads
        }
        threads?.submit { [self] state in
            let found: [SocketAddress] = if case .active = state { resolve(host) } else { [] }
            let askers = work.withLockedValue { $0.askers.removeValue(forKey: host) ?? [] }
            for asker in askers { asker.succeed(found) }
        }
        return promise.futureResult.map { found in
            found.map { address in
                var address = address
                address.port = port
                return address
            }
        }
    }

    deinit {
        work.withLockedValue { $0.threads }?.shutdownGracefully { _ in }
    }
}

/// getaddrinfo(3): blocks.
package enum SystemNames {
    package static func addresses(of host: String) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = unsafe list
        while let item = unsafe next {
            if let raw = unsafe item.pointee.ai_addr {
                switch unsafe item.pointee.ai_family {
                case AF_INET:
                    let address = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in.self)
                    found.append(SocketAddress(address, host: host))
                case AF_INET6:
                    let address = unsafe UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in6.self)
                    found.append(SocketAddress(address, host: host))
                default: break
                }
            }
            unsafe next = item.pointee.ai_next
        }
        return found
    }
}

extension ClientBootstrap {
    /// Connects to a name or an address. Other than `connect(host:port:)` it waits for no other connection's name.
    ///
    /// - Parameter loop: the bootstrap's.
    package func connect(
        host: String, port: Int, lookups: HostLookups, on loop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        let addresses = lookups.addresses(of: host, port: port, on: loop)
        return resolver(ConnectionResolver(addresses: addresses)).connect(host: host, port: port)
    }
}

/// Gives the addresses of one connection to NIO, which tries them by RFC 8305.
private struct ConnectionResolver: Resolver, Sendable {
    let addresses: EventLoopFuture<[SocketAddress]>

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet } }
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet6 } }
    }

    func cancelQueries() {}
}
