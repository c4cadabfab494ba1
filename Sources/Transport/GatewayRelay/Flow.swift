/// One direction of a relayed connection: from a source socket through a pipe or a buffer to a sink socket.
///
/// It does no I/O. Whoever drives it asks for the `next` step, does it, and tells how it went, until there is nothing
/// to do before the next event of a socket. With edge-triggered events a socket is taken to be ready until a call says
/// that it is not.
///
///     open        bytes move, one filling at a time: nothing is read before what was read is delivered, so that a
///                 slow sink holds back the source
///     ended       the source has sent its end: what is held is delivered, then the end is
///     finished    the end was delivered
///     broken      the sink takes no more: nothing moves, and the other direction ends by itself, since its source is
///                 the same socket
struct Flow: Equatable, Sendable {
    enum Stage: Equatable, Sendable {
        case open, ended, finished, broken
    }

    enum Step: Equatable, Sendable {
        /// Read from the source.
        case fill
        /// Write what is held.
        case drain
        /// Tell the sink that no more comes.
        case shutDown
        /// Nothing before the next event.
        case rest
    }

    /// How bytes are moved best, judged by how many came at once.
    enum Pace: Equatable, Sendable {
        case small, bulk
    }

    /// Fewer bytes than these between two pauses of the source are copied rather than spliced: moving pages through a
    /// pipe costs two calls and a page of its own for each piece.
    static let bulkBytes = 65_536

    private(set) var stage = Stage.open
    private(set) var pace = Pace.small
    /// Bytes that were read and not yet written.
    private(set) var held = 0
    /// Bytes written, from the start.
    private(set) var delivered: UInt64 = 0
    private var isSourceReadable = false
    private var isSourceEnding = false
    private var isSinkWritable = false
    /// Bytes since the source last had none.
    private var burst = 0

    /// Neither reads nor writes any more.
    var isOver: Bool { stage == .finished || stage == .broken }

    var next: Step {
        switch stage {
        case .open:
            if !isSinkWritable { return .rest }
            if held > 0 { return .drain }
            return isSourceReadable ? .fill : .rest
        case .ended:
            if held == 0 { return .shutDown }
            return isSinkWritable ? .drain : .rest
        case .finished, .broken:
            return .rest
        }
    }

    // MARK: - Events of the sockets

    mutating func sourceBecameReadable() { isSourceReadable = true }

    /// The end is in the source's queue, or will be read as an error: reading must go on until it is met.
    mutating func sourceIsEnding() {
        isSourceReadable = true
        isSourceEnding = true
    }

    mutating func sinkBecameWritable() { isSinkWritable = true }

    // MARK: - How a step went

    /// - Parameter exhausted: fewer bytes came than were asked for, so that the source has no more now. Only an end
    ///   that was announced may hide behind them.
    mutating func filled(_ count: Int, exhausted: Bool) {
        held += count
        burst += count
        if !exhausted {
            if pace == .small { pace = .bulk }
        } else if !isSourceEnding {
            sourcePaused()
        }
    }

    mutating func sourceBlocked() { sourcePaused() }

    private mutating func sourcePaused() {
        isSourceReadable = false
        pace = burst >= Self.bulkBytes ? .bulk : .small
        burst = 0
    }

    mutating func sourceEnded() {
        guard stage == .open else { return }
        stage = .ended
    }

    mutating func drained(_ count: Int) {
        held -= min(count, held)
        delivered += UInt64(count)
    }

    mutating func sinkBlocked() { isSinkWritable = false }

    /// The sink takes no more: what is held is lost.
    mutating func sinkFailed() {
        held = 0
        stage = .broken
    }

    mutating func shutDownSent() { stage = .finished }
}
