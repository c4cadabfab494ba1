internal import CLinux
internal import Glibc
internal import Synchronization

/// The listeners, and what is needed when descriptors run out.
struct Acceptor {
    var listeners: [Int32]
    /// Kept to be closed when there is no descriptor left, so that a waiting connection can be accepted and closed
    /// rather than left to wait. -1 when it could not be had again.
    var spare: Int32
    var isPaused = false
    /// Milliseconds of the clock.
    var resumesAt: UInt64 = 0

    init(listeners: [Int32]) {
        self.listeners = listeners
        spare = Int32(hawser_spare())
    }
}

extension Worker {
    /// Connections that are accepted before those that are open have their turn.
    private static let acceptsPerRound = 64
    /// Milliseconds that accepting pauses for when the system has nothing left.
    private static let pause: UInt64 = 100

    func listen() {
        guard let acceptor else { return }
        for (position, listener) in acceptor.listeners.enumerated() {
            // Level-triggered: what is not accepted now is told of again.
            _ = hawser_epoll_add(epoll, listener, hawser_EPOLLIN, Token.listeners + UInt64(position))
        }
    }

    func stopListening() {
        guard let stopped = acceptor else { return }
        acceptor = nil
        for listener in stopped.listeners { closeLater(listener) }
        if stopped.spare >= 0 { closeLater(stopped.spare) }
        // At once, so that new clients are refused by the kernel from now on.
        for listener in stopped.listeners { _ = hawser_epoll_remove(epoll, listener) }
    }

    func accept() {
        guard let listeners = acceptor?.listeners else { return }
        for listener in listeners {
            for _ in 0..<Self.acceptsPerRound {
                guard acceptOne(listener) else { break }
            }
        }
    }

    /// False when nobody waits, or nobody can be accepted now.
    private func acceptOne(_ listener: Int32) -> Bool {
        guard let acceptor, !acceptor.isPaused else { return false }
        var address = hawser_address()
        let result = unsafe hawser_accept(listener, &address)
        guard result < 0 else {
            admit(Int32(result), address)
            return true
        }
        switch Int32(-result) {
        case EAGAIN: return false
        case EMFILE, ENFILE: return shed(listener, errno: Int32(-result))
        case ENOBUFS, ENOMEM:
            pauseAccepting(errno: Int32(-result))
            return false
        // The client has gone, or the network had a word (accept(2) says to try again).
        default: return true
        }
    }

    private func admit(_ descriptor: Int32, _ address: hawser_address) {
        tally.accepted.add(1, ordering: .relaxed)
        guard let peer = RelayAddress(address) else {
            _ = hawser_close(descriptor)
            tally.refused(.closedEarly)
            return
        }
        guard shared.open.add(1, ordering: .relaxed).newValue <= shared.configuration.limits.connections else {
            shared.open.subtract(1, ordering: .relaxed)
            turnAway(descriptor, peer, .connectionLimit)
            return
        }
        tally.opening.add(1, ordering: .relaxed)
        let target = shared.mailboxes.count == 1 ? index : shared.idlest
        let chosen = shared.mailboxes[target]
        chosen.open.add(1, ordering: .relaxed)
        if target == index {
            adopt(descriptor, peer: peer)
        } else if !chosen.put(Mailbox.Handover(descriptor: descriptor, peer: peer)) {
            chosen.open.subtract(1, ordering: .relaxed)
            tally.opening.subtract(1, ordering: .relaxed)
            shared.open.subtract(1, ordering: .relaxed)
            turnAway(descriptor, peer, .draining)
        }
    }

    /// Closes a connection that was never one of the table.
    private func turnAway(_ descriptor: Int32, _ peer: RelayAddress, _ refusal: RelayRefusal) {
        // A reset leaves no closing connection behind: those turned away may be many.
        _ = hawser_reset_on_close(descriptor)
        _ = hawser_close(descriptor)
        tally.refused(refusal)
        shared.events(.refused(refusal, from: peer, serverName: nil))
    }

    // MARK: - When descriptors run out

    /// Accepts one connection in place of the spare descriptor and closes it, so that the client learns of it.
    private func shed(_ listener: Int32, errno: Int32) -> Bool {
        guard var acceptor, acceptor.spare >= 0 else {
            pauseAccepting(errno: errno)
            return false
        }
        _ = hawser_close(acceptor.spare)
        var address = hawser_address()
        let result = unsafe hawser_accept(listener, &address)
        if result >= 0 {
            tally.accepted.add(1, ordering: .relaxed)
            turnAway(Int32(result), RelayAddress(address) ?? RelayAddress.unknown, .descriptors)
        }
        acceptor.spare = Int32(hawser_spare())
        self.acceptor = acceptor
        if result == -Int(EAGAIN) { return false }
        // Another thread took the descriptor.
        if result < 0 || acceptor.spare < 0 { pauseAccepting(errno: errno) }
        return acceptor.spare >= 0 && result >= 0
    }

    private func pauseAccepting(errno: Int32) {
        guard var acceptor, !acceptor.isPaused else { return }
        for listener in acceptor.listeners { _ = hawser_epoll_remove(epoll, listener) }
        acceptor.isPaused = true
        acceptor.resumesAt = now + Self.pause
        self.acceptor = acceptor
        shared.events(.acceptingPaused(.resources("the gateway cannot accept connections for now", errno: errno)))
    }

    func resumeAccepting() {
        guard acceptor?.isPaused == true else { return }
        acceptor?.isPaused = false
        if let spare = acceptor?.spare, spare < 0 { acceptor?.spare = Int32(hawser_spare()) }
        listen()
    }
}

extension RelayAddress {
    /// 0.0.0.0:0, for a client whose address the system did not say.
    static let unknown = RelayAddress(high: 0, low: 0, scope: 0, isIPv4: true, port: 0)
}
