internal import CLinux
internal import Glibc
internal import Synchronization

/// Moving bytes between two sockets.
extension Worker {
    /// Which way a flow goes.
    enum Direction {
        case up, down
    }

    func relayedSideBecameReady(_ connection: Connection, _ side: Connection.Side, flags: UInt32) {
        let isEnding = flags & (hawser_EPOLLRDHUP | hawser_EPOLLHUP | hawser_EPOLLERR) != 0
        let isReadable = flags & hawser_EPOLLIN != 0
        // A socket with an error is ready for everything: the calls will say what it is.
        let isWritable = flags & (hawser_EPOLLOUT | hawser_EPOLLHUP | hawser_EPOLLERR) != 0
        switch side {
        case .client:
            if isReadable { connection.up.sourceBecameReadable() }
            if isEnding { connection.up.sourceIsEnding() }
            if isWritable { connection.down.sinkBecameWritable() }
        case .upstream:
            if isReadable { connection.down.sourceBecameReadable() }
            if isEnding { connection.down.sourceIsEnding() }
            if isWritable { connection.up.sinkBecameWritable() }
        }
        pump(connection)
    }

    /// Moves what can be moved, each direction for one turn.
    func pump(_ connection: Connection) {
        let before = (connection.up.delivered, connection.down.delivered)
        var hasMore = false
        let isSound =
            turn(connection, .up, hasMore: &hasMore) && turn(connection, .down, hasMore: &hasMore)
        let after = (connection.up.delivered, connection.down.delivered)
        if after != before {
            connection.lastActive = now
            connection.tally?.bytesToUpstream.add(after.0 - before.0, ordering: .relaxed)
            connection.tally?.bytesToClient.add(after.1 - before.1, ordering: .relaxed)
        }
        if !isSound {
            broke(connection)
        } else if connection.up.isOver, connection.down.isOver {
            let isWhole = connection.up.stage == .finished && connection.down.stage == .finished
            end(connection, isWhole ? .finished : .broken)
        } else if hasMore, !connection.isQueued {
            connection.isQueued = true
            queue.append(connection.index)
        }
    }

    /// False when the source has failed.
    private func turn(_ connection: Connection, _ direction: Direction, hasMore: inout Bool) -> Bool {
        defer { giveBackEmptyPipe(connection, direction) }
        for _ in 0..<Self.stepsPerTurn {
            switch connection[direction].next {
            case .rest: return true
            case .fill: guard fill(connection, direction) else { return false }
            case .drain: drain(connection, direction)
            case .shutDown: shutDown(connection, direction)
            }
        }
        if connection[direction].next != .rest { hasMore = true }
        return true
    }

    private func giveBackEmptyPipe(_ connection: Connection, _ direction: Direction) {
        guard connection[direction].held == 0, let pipe = connection[pipe: direction] else { return }
        connection[pipe: direction] = nil
        pipes.giveBack(pipe, isEmpty: connection[direction].stage != .broken)
    }

    private func shutDown(_ connection: Connection, _ direction: Direction) {
        connection[direction].shutDownSent()
        // When this was the last of both, closing says the same.
        guard !(connection.up.isOver && connection.down.isOver) else { return }
        _ = hawser_shutdown_write(connection.sink(direction))
        timers.set(connection.index, after: halfClosedTimeout, now: now)
    }

    // MARK: - Filling

    private func fill(_ connection: Connection, _ direction: Direction) -> Bool {
        switch (connection.path, connection[direction].pace) {
        case (.splice, .bulk):
            if let pipe = connection[pipe: direction] ?? pipes.borrow() {
                connection[pipe: direction] = pipe
                return fillPipe(connection, direction, pipe)
            }
        case (.splice, .small):
            let hasRoom = connection[pipe: direction].map { $0.bytes >= Self.smallBytes }
            if hasRoom ?? pipes.hasSpare(of: Self.smallBytes) { return relaySmall(connection, direction) }
        case (.copy, _): break
        }
        return relayCopying(connection, direction)
    }

    private func fillPipe(_ connection: Connection, _ direction: Direction, _ pipe: Pipe) -> Bool {
        let count = hawser_splice(connection.source(direction), pipe.writeEnd, pipe.bytes)
        if count > 0 {
            // Fewer bytes than asked for may also mean that the pipe is full: only EAGAIN says that there are no more.
            connection[direction].filled(count, exhausted: false)
            return true
        }
        switch Int32(-count) {
        case 0: connection[direction].sourceEnded()
        case EAGAIN: connection[direction].sourceBlocked()
        // The first two when the system cannot, the last when it may not (a filter of system calls).
        case EINVAL, ENOSYS, EPERM: stopSplicing(connection, errno: Int32(-count))
        default: return false
        }
        return true
    }

    private func stopSplicing(_ connection: Connection, errno: Int32) {
        connection.path = .copy
        shared.events(.spliceUnavailable(errno: errno))
    }

    /// Reads a little and writes it at once. What the sink does not take goes into a pipe.
    private func relaySmall(_ connection: Connection, _ direction: Direction) -> Bool {
        let count = unsafe hawser_receive(connection.source(direction), scratch.baseAddress, Self.smallBytes)
        guard noteRead(connection, direction, count) else { return count == 0 || count == -Int(EAGAIN) }
        connection[direction].filled(count, exhausted: count < Self.smallBytes)
        let sent = unsafe hawser_send(connection.sink(direction), scratch.baseAddress, count)
        guard noteWrite(connection, direction, sent, of: count), sent < count else { return true }
        keep(from: max(0, sent), to: count, connection, direction)
        return true
    }

    /// Puts a part of the scratch buffer into a pipe, of which `hasSpare` or the caller knows that it takes it whole.
    private func keep(from start: Int, to end: Int, _ connection: Connection, _ direction: Direction) {
        guard let pipe = connection[pipe: direction] ?? pipes.borrow() else {
            return connection[direction].sinkFailed()
        }
        connection[pipe: direction] = pipe
        let rest = unsafe UnsafeRawBufferPointer(rebasing: scratch[start..<end])
        let kept = unsafe hawser_write(pipe.writeEnd, rest.baseAddress, rest.count)
        if kept != rest.count { connection[direction].sinkFailed() }
    }

    /// Copies without holding anything: bytes are looked at, written, and only what was written is taken off. A slow
    /// sink leaves them with the kernel, so that a connection needs no buffer of its own.
    private func relayCopying(_ connection: Connection, _ direction: Direction) -> Bool {
        let source = connection.source(direction)
        let count = unsafe hawser_peek(source, scratch.baseAddress, Self.scratchBytes)
        guard noteRead(connection, direction, count) else { return count == 0 || count == -Int(EAGAIN) }
        let sent = unsafe hawser_send(connection.sink(direction), scratch.baseAddress, count)
        if sent > 0 {
            guard hawser_discard(source, sent) == sent else { return false }
            connection[direction].filled(sent, exhausted: sent == count && count < Self.scratchBytes)
        }
        _ = noteWrite(connection, direction, sent, of: count)
        return true
    }

    /// False unless there are bytes.
    private func noteRead(_ connection: Connection, _ direction: Direction, _ count: Int) -> Bool {
        if count > 0 { return true }
        if count == 0 { connection[direction].sourceEnded() }
        if count == -Int(EAGAIN) { connection[direction].sourceBlocked() }
        return false
    }

    /// False when the sink has failed.
    private func noteWrite(_ connection: Connection, _ direction: Direction, _ sent: Int, of count: Int) -> Bool {
        if sent > 0 { connection[direction].drained(sent) }
        // Fewer than there were: epoll(7) says that then its buffer is full, and that it will be told of.
        if sent >= 0 ? sent < count : sent == -Int(EAGAIN) {
            connection[direction].sinkBlocked()
        } else if sent < 0 {
            connection[direction].sinkFailed()
            return false
        }
        return true
    }

    // MARK: - Draining

    private func drain(_ connection: Connection, _ direction: Direction) {
        guard let pipe = connection[pipe: direction] else { return connection[direction].sinkFailed() }
        let sent = hawser_splice(pipe.readEnd, connection.sink(direction), connection[direction].held)
        if sent > 0 { return connection[direction].drained(sent) }
        switch Int32(-sent) {
        case EAGAIN: connection[direction].sinkBlocked()
        case EINVAL, ENOSYS, EPERM:
            stopSplicing(connection, errno: Int32(-sent))
            drainCopying(connection, direction, pipe)
        default: connection[direction].sinkFailed()
        }
    }

    /// What `keep` put into a pipe, where the system cannot splice it out. Spliced bytes cannot be there: the system
    /// would not have spliced them in.
    private func drainCopying(_ connection: Connection, _ direction: Direction, _ pipe: Pipe) {
        let count = unsafe hawser_read(pipe.readEnd, scratch.baseAddress, Self.smallBytes)
        guard count > 0 else { return connection[direction].sinkFailed() }
        let sent = unsafe hawser_send(connection.sink(direction), scratch.baseAddress, count)
        guard noteWrite(connection, direction, sent, of: count), sent < count else { return }
        keep(from: max(0, sent), to: count, connection, direction)
    }

    // MARK: - Ending

    /// The idle timer is not moved for each byte: it fires, and is set again for what is left.
    func idleTimerFired(_ connection: Connection) {
        let timeout = connection.isHalfClosed ? halfClosedTimeout : idleTimeout
        let idle = now - min(now, connection.lastActive)
        if idle < timeout {
            timers.set(connection.index, after: timeout - idle, now: now)
        } else {
            end(connection, .idle)
        }
    }

    /// A side has failed. The other one sees a failure too, not an end; unless bytes are on their way to it, which a
    /// reset would destroy.
    private func broke(_ connection: Connection) {
        for descriptor in [connection.client, connection.upstream] where hawser_unacknowledged(descriptor) == 0 {
            _ = hawser_reset_on_close(descriptor)
        }
        end(connection, .broken)
    }

    func end(_ connection: Connection, _ ending: RelayConnectionSummary.Ending) {
        for direction in [Direction.up, .down] {
            guard let pipe = connection[pipe: direction] else { continue }
            connection[pipe: direction] = nil
            pipes.giveBack(pipe, isEmpty: false)
        }
        connection.tally?.open.subtract(1, ordering: .relaxed)
        if var summary = connection.summary {
            summary.bytesToUpstream = connection.up.delivered
            summary.bytesToClient = connection.down.delivered
            summary.ending = ending
            shared.events(.closed(summary))
        }
        close(connection)
    }
}

extension Connection {
    subscript(direction: Worker.Direction) -> Flow {
        get { direction == .up ? up : down }
        _modify {
            switch direction {
            case .up: yield &up
            case .down: yield &down
            }
        }
    }

    subscript(pipe direction: Worker.Direction) -> Pipe? {
        get { direction == .up ? upPipe : downPipe }
        set {
            switch direction {
            case .up: upPipe = newValue
            case .down: downPipe = newValue
            }
        }
    }

    func source(_ direction: Worker.Direction) -> Int32 { direction == .up ? client : upstream }
    func sink(_ direction: Worker.Direction) -> Int32 { direction == .up ? upstream : client }
}
