internal import CLinux
internal import ClientHello
internal import Glibc
internal import Synchronization

/// From an accepted connection to a connected one.
extension Worker {
    /// One registration for the whole life of a socket: what it is ready for is remembered in the flows.
    static let interest = hawser_EPOLLIN | hawser_EPOLLOUT | hawser_EPOLLRDHUP | hawser_EPOLLET

    /// `mailbox.open`, `shared.open` and `tally.opening` have been raised for it.
    func adopt(_ descriptor: Int32, peer: RelayAddress) {
        let connection = takeFree(peer: peer)
        openCount += 1
        let configuration = shared.configuration
        connection.start(
            client: descriptor, peer: peer,
            greeting: Greeting(
                expectsProxyHeader: configuration.expectsProxyHeader, headerLimit: configuration.limits.proxyHeaderBytes
            ),
            path: configuration.path)
        guard hawser_epoll_add(epoll, descriptor, Self.interest, connection.token(.client)) == 0 else {
            return refuse(connection, .descriptors)
        }
        // The hello is often there already.
        greet(connection)
    }

    private func takeFree(peer: RelayAddress) -> Connection {
        if let index = free.popLast() { return connections[index] }
        let connection = Connection(index: connections.count, peer: peer)
        connections.append(connection)
        return connection
    }

    // MARK: - Greeting

    func clientBecameReady(_ connection: Connection, flags: UInt32) {
        noteClient(connection, flags: flags)
        greet(connection)
    }

    /// Remembers for later what the client's socket is ready for.
    private func noteClient(_ connection: Connection, flags: UInt32) {
        if flags & hawser_EPOLLOUT != 0 { connection.down.sinkBecameWritable() }
        if flags & (hawser_EPOLLRDHUP | hawser_EPOLLHUP | hawser_EPOLLERR) != 0 {
            connection.isClientEnding = true
            connection.up.sourceIsEnding()
        }
    }

    private func greet(_ connection: Connection) {
        while connection.phase == .greeting {
            let count = unsafe hawser_peek(connection.client, scratch.baseAddress, Self.scratchBytes)
            guard count > 0 else {
                if count == -Int(EAGAIN) { return awaitMore(connection) }
                return refuse(connection, .closedEarly)
            }
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: scratch[..<count]).bindMemory(to: UInt8.self)
            let step = unsafe connection.greeting?.peeked(bytes.span) ?? .needsMore
            switch step {
            case .needsMore: return awaitMore(connection)
            case .skip(let length):
                guard takeOff(connection.client, length) else { return refuse(connection, .closedEarly) }
            case .hello(let hello): route(connection, hello)
            case .refuse(let refusal): refuse(connection, refusal)
            }
        }
    }

    /// Takes bytes that were peeked at off the connection.
    private func takeOff(_ descriptor: Int32, _ count: Int) -> Bool {
        var left = count
        while left > 0 {
            let taken = hawser_discard(descriptor, left)
            guard taken > 0 else { return false }
            left -= taken
        }
        return true
    }

    private func awaitMore(_ connection: Connection) {
        if connection.isClientEnding { return refuse(connection, .closedEarly) }
        guard !connection.isUnfinished else { return }
        if let refusal = shared.hellos.enter(HelloGauge.Source(connection.peer)) {
            return refuse(connection, refusal)
        }
        connection.isUnfinished = true
        timers.set(connection.index, after: handshakeTimeout, now: now)
    }

    private func leaveGreeting(_ connection: Connection) {
        connection.greeting = nil
        guard connection.isUnfinished else { return }
        connection.isUnfinished = false
        shared.hellos.leave(HelloGauge.Source(connection.peer))
        timers.cancel(connection.index)
    }

    private func route(_ connection: Connection, _ hello: ClientHello) {
        if let source = connection.greeting?.header?.source { connection.from = source }
        switch shared.router.route(hello, from: connection.from) {
        case .refuse(let refusal):
            refuse(connection, refusal, serverName: hello.serverName)
        case .forward(let route, let targets):
            connection.destination = connection.greeting?.header?.destination
            leaveGreeting(connection)
            connection.tally = tally.route(route)
            connection.opening = Opening(serverName: hello.serverName, route: route, targets: targets)
            connection.phase = .connecting
            connectNext(connection)
        }
    }

    // MARK: - Connecting

    private func connectNext(_ connection: Connection) {
        while let target = connection.opening?.target {
            var address = target.raw
            let descriptor = unsafe hawser_socket(&address)
            guard descriptor >= 0 else {
                switch Int32(-descriptor) {
                // Not the target's fault: it is not told to the router.
                case EMFILE, ENFILE, ENOBUFS, ENOMEM: return refuse(connection, .descriptors)
                default:
                    noteFailure(connection, target, RelayFailure(errno: Int32(-descriptor)))
                    continue
                }
            }
            let socket = Int32(descriptor)
            _ = hawser_set_option(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            // The hello goes with the packet that ends the handshake: one packet less.
            _ = hawser_set_option(socket, Int32(IPPROTO_TCP), TCP_QUICKACK, 0)
            let result = unsafe hawser_connect(socket, &address)
            if result == 0 || result == -Int(EINPROGRESS),
                hawser_epoll_add(epoll, socket, Self.interest, connection.token(.upstream)) == 0
            {
                connection.upstream = socket
                timers.set(connection.index, after: connectTimeout, now: now)
                return
            }
            closeLater(socket)
            noteFailure(connection, target, RelayFailure(errno: Int32(-result)))
        }
        refuse(connection, connection.hasFailedTarget ? .unreachable : .noTarget)
    }

    private func noteFailure(_ connection: Connection, _ target: RelayAddress, _ failure: RelayFailure) {
        guard let route = connection.opening?.route else { return }
        connection.opening?.targetFailed()
        connection.hasFailedTarget = true
        connection.tally?.connectFailures.add(1, ordering: .relaxed)
        shared.router.attempted(target, on: route, failure: failure)
        shared.events(.connectFailed(failure, target: target, route: route))
    }

    /// The target being tried cannot be connected to: the next one is.
    func attemptFailed(_ connection: Connection, _ failure: RelayFailure) {
        guard let target = connection.opening?.target else { return }
        timers.cancel(connection.index)
        dropUpstream(connection)
        noteFailure(connection, target, failure)
        connectNext(connection)
    }

    private func dropUpstream(_ connection: Connection) {
        guard connection.upstream >= 0 else { return }
        // Events of it that are at hand still must not be taken for those of the next.
        _ = hawser_epoll_remove(epoll, connection.upstream)
        closeLater(connection.upstream)
        connection.upstream = -1
    }

    /// The client may have sent its end: that will be relayed. A reset ends the attempt.
    func clientBecameReadyEarly(_ connection: Connection, flags: UInt32) {
        noteClient(connection, flags: flags)
        if flags & (hawser_EPOLLHUP | hawser_EPOLLERR) != 0 { refuse(connection, .clientLeft) }
    }

    func upstreamBecameReady(_ connection: Connection, flags: UInt32) {
        if flags & (hawser_EPOLLERR | hawser_EPOLLHUP) != 0 {
            let error = hawser_pending_error(connection.upstream)
            attemptFailed(connection, RelayFailure(errno: error > 0 ? Int32(error) : ECONNRESET))
        } else if flags & hawser_EPOLLOUT != 0 {
            connected(connection, flags: flags)
        }
    }

    private func connected(_ connection: Connection, flags: UInt32) {
        guard let opening = connection.opening, let target = opening.target else { return }
        if shared.configuration.sendsProxyHeader, !sendProxyHeader(connection) {
            return attemptFailed(connection, RelayFailure(errno: ECONNRESET))
        }
        connection.opening = nil
        connection.phase = .relaying
        tally.opening.subtract(1, ordering: .relaxed)
        connection.tally?.connected.add(1, ordering: .relaxed)
        connection.tally?.open.add(1, ordering: .relaxed)
        let summary = RelayConnectionSummary(
            from: connection.from, serverName: opening.serverName, route: opening.route, target: target)
        connection.summary = summary
        shared.router.attempted(target, on: opening.route, failure: nil)
        shared.events(.connected(summary))
        connection.lastActive = now
        timers.set(connection.index, after: idleTimeout, now: now)
        connection.up.sourceBecameReadable()
        relayedSideBecameReady(connection, .upstream, flags: flags)
    }

    /// False if it could not be sent whole, which a socket that has sent nothing does only when it has failed.
    private func sendProxyHeader(_ connection: Connection) -> Bool {
        var local = hawser_address()
        var destination = connection.destination
        if destination == nil, unsafe hawser_local_address(connection.client, &local) == 0 {
            destination = RelayAddress(local)
        }
        let bytes = ProxyHeader(source: connection.from, destination: destination).bytes
        let sent = unsafe bytes.withUnsafeBytes { unsafe hawser_send(connection.upstream, $0.baseAddress, $0.count) }
        return sent == bytes.count
    }

    // MARK: - Refusing

    /// Closes a connection that was not connected, with a reset: the client sees that this is no orderly end, and a
    /// flood of such clients leaves no closing connections behind. Only with an alert to be read the end is an orderly
    /// one, and what the client sent is taken off first: a reset would overtake the alert.
    func refuse(_ connection: Connection, _ refusal: RelayRefusal, serverName: String? = nil) {
        let name = serverName ?? connection.opening?.serverName
        if let alert = refusal.alert {
            let record: [UInt8] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, alert]
            _ = unsafe record.withUnsafeBytes { unsafe hawser_send(connection.client, $0.baseAddress, $0.count) }
            _ = hawser_discard(connection.client, Self.scratchBytes)
        } else {
            _ = hawser_reset_on_close(connection.client)
        }
        leaveGreeting(connection)
        tally.opening.subtract(1, ordering: .relaxed)
        tally.refused(refusal)
        shared.events(.refused(refusal, from: connection.from, serverName: name))
        close(connection)
    }

    /// The last thing that happens to a connection in use.
    func close(_ connection: Connection) {
        timers.cancel(connection.index)
        closeLater(connection.client)
        if connection.upstream >= 0 { closeLater(connection.upstream) }
        connection.phase = .closed
        closedConnections.append(connection.index)
        openCount -= 1
        mailbox.open.subtract(1, ordering: .relaxed)
        shared.open.subtract(1, ordering: .relaxed)
    }
}
