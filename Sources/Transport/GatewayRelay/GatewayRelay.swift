internal import CLinux
internal import Glibc
internal import Synchronization

/// A TCP relay that looks at the ClientHello of each connection, lets a router choose where it goes, and moves the
/// untouched bytes between the two sockets. It holds no key and understands nothing behind the hello.
///
///     let relay = try GatewayRelay.bind(configuration, router: router) { event in … }
///     async let running: Void = relay.run()
///     …
///     relay.drain(grace: .seconds(30))
///     try await running
///
/// Each of its threads has an epoll instance and the connections it was given: see `Worker`.
package final class GatewayRelay: Sendable {
    private enum State: Sendable {
        /// Listening; the descriptors are to be closed if it never runs.
        case bound(listeners: [Int32], epolls: [Int32])
        case running(threads: Int, RelayError?, ended: @Sendable (RelayError?) -> Void)
        case ended
    }

    /// What it listens on, in the order of the configuration, with the ports that were free in place of 0.
    package let addresses: [RelayAddress]
    private let shared: RelayShared
    private let state: Locked<State>

    private init(addresses: [RelayAddress], shared: RelayShared, listeners: [Int32], epolls: [Int32]) {
        self.addresses = addresses
        self.shared = shared
        state = Locked(.bound(listeners: listeners, epolls: epolls))
    }

    deinit {
        state.withLock { state in
            if case .bound(let listeners, let epolls) = state {
                for descriptor in listeners + epolls { _ = hawser_close(descriptor) }
            }
        }
    }

    /// Takes the ports. Clients that connect wait in the kernel until `run`.
    /// - Parameters:
    ///   - router: called on the relay's threads.
    ///   - events: called on the relay's threads; it must not wait.
    package static func bind(
        _ configuration: RelayConfiguration, router: any RelayRouter,
        events: @escaping @Sendable (RelayEvent) -> Void = { _ in }
    ) throws(RelayError) -> GatewayRelay {
        guard !configuration.listen.isEmpty else {
            throw RelayError(.configuration, "the gateway has no address to listen on: name one")
        }
        let threads = configuration.threads ?? min(4, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        guard (1...64).contains(threads) else {
            throw RelayError(.configuration, "the gateway cannot have \(threads) threads: take 1 to 64")
        }
        var open: [Int32] = []
        do throws(RelayError) {
            var addresses: [RelayAddress] = []
            for address in configuration.listen {
                let listener = try Listener.open(address, configuration)
                open.append(listener.descriptor)
                addresses.append(listener.address)
            }
            let listeners = open
            var mailboxes: [Mailbox] = []
            for _ in 0..<threads {
                mailboxes.append(try Mailbox())
                let epoll = hawser_epoll_create()
                guard epoll >= 0 else {
                    throw RelayError.resources("the gateway cannot be started", errno: Int32(-epoll))
                }
                open.append(Int32(epoll))
            }
            let shared = RelayShared(
                configuration: configuration, router: router, events: events, mailboxes: mailboxes)
            return GatewayRelay(
                addresses: addresses, shared: shared, listeners: listeners,
                epolls: Array(open.dropFirst(listeners.count)))
        } catch {
            for descriptor in open { _ = hawser_close(descriptor) }
            throw error
        }
    }

    /// Relays until drained; when the task is cancelled, closes everything and returns. To be called once.
    package func run() async throws(RelayError) {
        let failure: RelayError? = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start { continuation.resume(returning: $0) }
            }
        } onCancel: {
            drain(grace: .zero)
        }
        if let failure { throw failure }
    }

    /// Starts the threads from this one, without waiting.
    /// - Parameter ended: called once, when the last thread ends, with what kept one from being started.
    func start(ended: @escaping @Sendable (RelayError?) -> Void) {
        guard let (listeners, epolls) = take(ended) else { return ended(nil) }
        var isSound = true
        for (index, epoll) in epolls.enumerated() {
            let listeners = index == 0 ? listeners : []
            isSound = isSound && start(index, epoll: epoll, listeners: listeners)
            // Threads that run already find the mailbox closed, and their end near.
            if !isSound { abandon(index, epoll: epoll, listeners: listeners) }
        }
    }

    private func take(_ ended: @escaping @Sendable (RelayError?) -> Void) -> (listeners: [Int32], epolls: [Int32])? {
        state.withLock { state in
            guard case .bound(let listeners, let epolls) = state else { return nil }
            state = .running(threads: epolls.count, nil, ended: ended)
            return (listeners, epolls)
        }
    }

    private func start(_ index: Int, epoll: Int32, listeners: [Int32]) -> Bool {
        RelayThread.start(named: "hawser-relay-\(index)") { [self] in
            Worker(index: index, epoll: epoll, listeners: listeners, shared: shared).run()
            threadEnded(nil)
        }
    }

    private func abandon(_ index: Int, epoll: Int32, listeners: [Int32]) {
        var handovers: [Mailbox.Handover] = []
        shared.mailboxes[index].close(into: &handovers)
        for descriptor in listeners + [epoll] + handovers.map(\.descriptor) { _ = hawser_close(descriptor) }
        drain(grace: .zero)
        threadEnded(.resources("the gateway cannot start its threads", errno: EAGAIN))
    }

    private func threadEnded(_ newFailure: RelayError?) {
        let report: (@Sendable () -> Void)? = state.withLock { state in
            guard case .running(let threads, let oldFailure, let ended) = state else { return nil }
            let failure = oldFailure ?? newFailure
            guard threads == 1 else {
                state = .running(threads: threads - 1, failure, ended: ended)
                return nil
            }
            state = .ended
            return { ended(failure) }
        }
        report?()
    }

    /// Stops accepting, lets connections go on, and closes what is left when the grace is over. From any thread, also
    /// before `run`; of several calls the one that ends first holds. `run` returns when all connections are closed.
    package func drain(grace: Duration) {
        shared.drain(until: hawser_milliseconds() + grace.milliseconds)
    }

    /// From any thread at any time.
    package var counters: RelayCounters {
        var counters = RelayCounters()
        for tally in shared.tallies { tally.add(to: &counters) }
        counters.unfinishedHellos = shared.hellos.total
        counters.pipes = shared.pipes.value.load(ordering: .relaxed)
        return counters
    }

    /// How many connections each thread has.
    var openByThread: [Int] { shared.mailboxes.map { $0.open.load(ordering: .relaxed) } }
}

/// A socket that listens.
struct Listener {
    var descriptor: Int32
    /// With the port that it got.
    var address: RelayAddress

    static func open(_ wanted: RelayAddress, _ configuration: RelayConfiguration) throws(RelayError) -> Listener {
        var raw = wanted.raw
        let descriptor = unsafe hawser_socket(&raw)
        guard descriptor >= 0 else { throw .listening(on: wanted, errno: Int32(-descriptor)) }
        let socket = Int32(descriptor)
        var bound = hawser_address()
        var result = set(socket, wanted, configuration)
        if result == 0 { result = unsafe hawser_bind(socket, &raw) }
        if result == 0 { result = hawser_listen(socket, configuration.limits.backlog) }
        if result == 0 { result = unsafe hawser_local_address(socket, &bound) }
        guard result == 0 else {
            _ = hawser_close(socket)
            throw .listening(on: wanted, errno: Int32(-result))
        }
        return Listener(descriptor: socket, address: RelayAddress(bound) ?? wanted)
    }

    private static func set(_ socket: Int32, _ address: RelayAddress, _ configuration: RelayConfiguration) -> Int {
        // A restarted gateway gets its port although old connections linger.
        var result = hawser_set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1)
        // Accepted sockets inherit it, which saves a call for each.
        if result == 0 { result = hawser_set_option(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
        if result == 0, configuration.defersAccept {
            // Seconds that a client may be silent before it is accepted all the same.
            let seconds = Int32(clamping: (configuration.timeouts.handshake.milliseconds + 999) / 1_000)
            result = hawser_set_option(socket, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, max(1, seconds))
        }
        // An IPv6 listener takes IPv4 clients too, unless another one is there for them.
        let hasIPv4 = configuration.listen.contains { $0.isIPv4 && $0.port == address.port && $0.port != 0 }
        if result == 0, !address.isIPv4, hasIPv4 {
            result = hawser_set_option(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
        }
        return result
    }
}
