import GRPCWire
import HTTP2Engine
import NIOCore
import NIOConcurrencyHelpers

/// One call, as the tasks that read and write it and the event loop share it.
///
/// Inbound: the loop delivers complete messages; `next` takes all of them at once. Outbound: `write` frames on the
/// caller's thread and leaves the bytes here; one hop of the loop takes what has gathered. Everything is behind one
/// lock that is held for a few assignments; continuations are resumed after it.
final class CallCore: Sendable {
    /// How this side's half of the stream ends.
    enum OutboundEnd {
        case halfClose
        case status(GRPCStatus)
    }

    /// What the loop has to do for this call.
    struct Work {
        var stream: HTTP2StreamID
        var request: GRPCRequestHead?
        var outbox: [ByteBuffer] = []
        var metadata: GRPCMetadata
        var end: OutboundEnd?
        var mustReset = false
        var mustRelease = false
        var credit = 0
    }

    private struct Inbound {
        var frames: [(frames: GRPCFrames, owed: Int)] = []
        /// Bytes of the incomplete message that flow control was not yet given back.
        var partialOwed = 0
        /// Set once: `.ok` at a clean end, else what `next` throws.
        var result: GRPCStatus?
        var reader: CheckedContinuation<Void, Never>?
    }

    private struct Outbound {
        var outbox: [ByteBuffer] = []
        var buffered = 0
        var end: OutboundEnd?
        /// Nothing more can be sent, for this reason.
        var closed: GRPCStatus?
        var writers: [CheckedContinuation<Void, Never>] = []
    }

    private struct State {
        var stream: HTTP2StreamID = 0
        var request: GRPCRequestHead?
        var inbound = Inbound()
        var outbound = Outbound()
        var credit = 0
        var isQueued = false
        var mustReset = false
        /// Server: the handler has returned; the loop does not know yet.
        var mustRelease = false
        var isReleased = false
        var isCancelled = false
        var watcher: CheckedContinuation<Void, Never>?
        /// Client: received. Server: to be sent before the first message.
        var metadata = GRPCMetadata()
    }

    private let state: NIOLockedValueBox<State>
    private let mailbox: LoopMailbox
    private let limits: GRPCLimits
    /// A client's call ends with its task. A server's does not: a handler that cancels its reading child has a
    /// status to send.
    private let endsWithTask: Bool

    /// A client's call; the loop opens the stream.
    init(mailbox: LoopMailbox, limits: GRPCLimits, request: GRPCRequestHead) {
        self.mailbox = mailbox
        self.limits = limits
        self.endsWithTask = true
        self.state = NIOLockedValueBox(State(request: request))
    }

    /// A server's call on a stream that is open.
    init(mailbox: LoopMailbox, limits: GRPCLimits, stream: HTTP2StreamID) {
        self.mailbox = mailbox
        self.limits = limits
        self.endsWithTask = false
        self.state = NIOLockedValueBox(State(stream: stream))
    }

    /// Hands the call to the loop, unless it is in the mailbox already.
    private func submit(credit: Int = 0, isUrgent: Bool = true) {
        let mustQueue = state.withLockedValue { state in
            defer { state.isQueued = true }
            return !state.isQueued
        }
        if !mailbox.submit(mustQueue ? self : nil, credit: credit, isUrgent: isUrgent) {
            connectionLost(mailbox.closeReason)
        }
    }

    // MARK: - Reading (tasks)

    private enum Take {
        case messages([(frames: GRPCFrames, owed: Int)], credit: Int)
        case ended
        case failed(GRPCStatus)
        case nothing
    }

    private func take() -> Take {
        state.withLockedValue { state in
            guard !state.inbound.frames.isEmpty else {
                guard let result = state.inbound.result else { return .nothing }
                return result.code == .ok ? .ended : .failed(result)
            }
            var bytes = 0
            var count = 0
            var credit = 0
            while count < state.inbound.frames.count, bytes < limits.inboundBatchBytes {
                bytes += state.inbound.frames[count].frames.byteCount
                credit += state.inbound.frames[count].owed
                count += 1
            }
            var taken: [(frames: GRPCFrames, owed: Int)]
            if count == state.inbound.frames.count {
                taken = []
                swap(&taken, &state.inbound.frames)
                // The reader will wait for the rest of the message, so the window must not hold it up.
                credit += state.inbound.partialOwed
                state.inbound.partialOwed = 0
            } else {
                taken = Array(state.inbound.frames.prefix(count))
                state.inbound.frames.removeFirst(count)
            }
            state.credit += credit
            return .messages(taken, credit: credit)
        }
    }

    /// All complete messages that have come, at least one; waits for it. `nil` at the clean end. One reader at a time.
    ///
    /// - Throws: `GRPCStatus`.
    func next() async throws -> [ByteBuffer]? {
        while true {
            switch take() {
            case .messages(let taken, let credit):
                submit(credit: credit, isUrgent: false)
                var messages: [ByteBuffer] = []
                messages.reserveCapacity(taken.reduce(0) { $0 + $1.frames.messageCount })
                for var (frames, _) in taken {
                    while let message = frames.next() { messages.append(message) }
                }
                return messages
            case .ended:
                return nil
            case .failed(let status):
                throw status
            case .nothing:
                try await waitForInbound()
            }
        }
    }

    private func waitForInbound() async throws {
        let hadReader = await withTaskCancellationHandler {
            let box = NIOLockedValueBox(false)
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let mustResume = state.withLockedValue { state in
                    if state.inbound.reader != nil {
                        box.withLockedValue { $0 = true }
                        return true
                    }
                    guard state.inbound.frames.isEmpty, state.inbound.result == nil, !Task.isCancelled else {
                        return true
                    }
                    state.inbound.reader = continuation
                    return false
                }
                if mustResume { continuation.resume() }
            }
            return box.withLockedValue { $0 }
        } onCancel: {
            taskCancelled()
        }
        if Task.isCancelled { throw status ?? .taskCancelled }
        if hadReader { throw GRPCStatus(.internal, "two tasks read one call; read it in one") }
    }

    // MARK: - Writing (tasks)

    /// Queues messages in one piece, in order, and returns when the queue is below its bound.
    ///
    /// - Throws: `GRPCStatus`: RESOURCE_EXHAUSTED for a message over the limit (nothing is queued then), else how the
    ///   call ended.
    func write(_ messages: [ByteBuffer]) async throws {
        guard !messages.isEmpty else { return }
        let framed = try GRPCFraming.frame(messages, maxMessageBytes: limits.maxSendMessageBytes)
        let buffered = try state.withLockedValue { state throws(GRPCStatus) in
            if let closed = state.outbound.closed { throw closed }
            guard state.outbound.end == nil else { throw GRPCStatus(.internal, "write after finish") }
            state.outbound.outbox.append(framed)
            state.outbound.buffered += framed.readableBytes
            return state.outbound.buffered
        }
        submit()
        if buffered > limits.outboundHighWaterBytes {
            try await waitForRoom()
        }
    }

    private func waitForRoom() async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let mustResume = state.withLockedValue { state in
                    guard state.outbound.closed == nil, !Task.isCancelled,
                        state.outbound.buffered > limits.outboundLowWaterBytes
                    else { return true }
                    state.outbound.writers.append(continuation)
                    return false
                }
                if mustResume { continuation.resume() }
            }
        } onCancel: {
            taskCancelled()
        }
        if let closed = state.withLockedValue({ $0.outbound.closed }) { throw closed }
        if Task.isCancelled { throw GRPCStatus.taskCancelled }
    }

    /// Queues what a client's unary call sends; used before the call was handed over.
    func preload(_ message: ByteBuffer) throws(GRPCStatus) {
        let framed = try GRPCFraming.frame([message], maxMessageBytes: limits.maxSendMessageBytes)
        state.withLockedValue { state in
            state.outbound.outbox.append(framed)
            state.outbound.buffered += framed.readableBytes
            state.outbound.end = .halfClose
        }
    }

    /// Hands a client's call to the loop, which opens its stream.
    func open() {
        submit()
    }

    /// Ends this side after what is queued. The first end counts.
    func end(_ end: OutboundEnd) {
        let isFirst = state.withLockedValue { state in
            guard state.outbound.end == nil, state.outbound.closed == nil else { return false }
            state.outbound.end = end
            return true
        }
        if isFirst { submit() }
    }

    /// Server: fields to send before the first message.
    func setMetadata(_ metadata: GRPCMetadata) {
        state.withLockedValue { $0.metadata = metadata }
    }

    var metadata: GRPCMetadata { state.withLockedValue { $0.metadata } }

    /// Once the call is over for the reader: its status.
    var status: GRPCStatus? { state.withLockedValue { $0.inbound.result } }

    // MARK: - Ending

    /// Ends the call from this side: what came is dropped, the peer is told with RST_STREAM.
    func cancel(_ status: GRPCStatus) {
        let waiters = state.withLockedValue { state -> Waiters in
            if state.outbound.closed == nil || state.inbound.result == nil { state.mustReset = true }
            return Self.close(&state, inbound: status, outbound: status, dropsInbound: true)
        }
        submit()
        waiters.resume()
    }

    /// A task that waits here was cancelled; it finds out when it is woken.
    private func taskCancelled() {
        guard !endsWithTask else { return cancel(.taskCancelled) }
        let waiters = state.withLockedValue { state in
            var waiters = Waiters(reader: state.inbound.reader.take())
            swap(&waiters.writers, &state.outbound.writers)
            return waiters
        }
        waiters.resume()
    }

    /// Server: the handler has returned and will neither read nor write.
    func release() {
        state.withLockedValue { state in
            state.isReleased = true
            state.mustRelease = true
            Self.dropInbound(&state)
        }
        submit()
    }

    /// Waits until the call is over for a reason that is not this side's: the peer or the connection ended it.
    func waitForCancellation() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let mustResume = state.withLockedValue { state in
                    guard !state.isCancelled else { return true }
                    state.watcher = continuation
                    return false
                }
                if mustResume { continuation.resume() }
            }
        } onCancel: {
            let watcher = state.withLockedValue { state in
                state.isCancelled = true
                return state.watcher.take()
            }
            watcher?.resume()
        }
    }

    private struct Waiters {
        var reader: CheckedContinuation<Void, Never>?
        var writers: [CheckedContinuation<Void, Never>] = []
        var watcher: CheckedContinuation<Void, Never>?

        func resume() {
            reader?.resume()
            watcher?.resume()
            for writer in writers { writer.resume() }
        }
    }

    private static func dropInbound(_ state: inout State) {
        state.credit += state.inbound.partialOwed + state.inbound.frames.reduce(0) { $0 + $1.owed }
        state.inbound.partialOwed = 0
        state.inbound.frames = []
    }

    private static func close(
        _ state: inout State, inbound: GRPCStatus?, outbound: GRPCStatus?, dropsInbound: Bool = false
    ) -> Waiters {
        var waiters = Waiters()
        if let inbound, state.inbound.result == nil {
            state.inbound.result = inbound
            waiters.reader = state.inbound.reader.take()
        }
        if dropsInbound { dropInbound(&state) }
        if let outbound, state.outbound.closed == nil {
            state.outbound.closed = outbound
            state.outbound.outbox = []
            state.outbound.buffered = 0
            swap(&waiters.writers, &state.outbound.writers)
            state.isCancelled = true
            waiters.watcher = state.watcher.take()
        }
        return waiters
    }

    // MARK: - The event loop's side

    /// What has gathered since the last time.
    func takeWork() -> Work {
        state.withLockedValue { state in
            state.isQueued = false
            var work = Work(stream: state.stream, metadata: state.metadata)
            swap(&work.request, &state.request)
            swap(&work.outbox, &state.outbound.outbox)
            work.end = state.outbound.end
            swap(&work.mustReset, &state.mustReset)
            swap(&work.mustRelease, &state.mustRelease)
            swap(&work.credit, &state.credit)
            return work
        }
    }

    func opened(_ stream: HTTP2StreamID) {
        state.withLockedValue { $0.stream = stream }
    }

    /// Client: the response's header block came.
    func metadataReceived(_ metadata: GRPCMetadata) {
        state.withLockedValue { $0.metadata = metadata }
    }

    /// Bytes came, and with them perhaps messages.
    ///
    /// - Parameters:
    ///   - bytes: how many came on the wire.
    ///   - partial: how many belong to the message that is not complete.
    /// - Returns: how many to give back to flow control now.
    func messagesReceived(_ frames: GRPCFrames?, bytes: Int, partial: Int) -> Int {
        let (credit, reader) = state.withLockedValue { state -> (Int, CheckedContinuation<Void, Never>?) in
            guard state.inbound.result == nil, !state.isReleased else {
                defer { state.inbound.partialOwed = 0 }
                return (bytes + state.inbound.partialOwed, nil)
            }
            guard let frames else {
                state.inbound.partialOwed += bytes
                guard state.inbound.frames.isEmpty else { return (0, nil) }
                defer { state.inbound.partialOwed = 0 }
                return (state.inbound.partialOwed, nil)
            }
            // What was given back while the first of these messages was incomplete is not owed again.
            let owed = state.inbound.partialOwed + bytes - partial
            state.inbound.frames.append((frames, owed))
            state.inbound.partialOwed = partial
            return (0, state.inbound.reader.take())
        }
        reader?.resume()
        return credit
    }

    /// The peer ended its side, cleanly or not. What came before stays readable.
    func inboundEnded(_ status: GRPCStatus) {
        state.withLockedValue { Self.close(&$0, inbound: status, outbound: nil) }.resume()
    }

    /// The call is over in both directions. What came before stays readable.
    func callEnded(inbound: GRPCStatus, outbound: GRPCStatus) {
        state.withLockedValue { Self.close(&$0, inbound: inbound, outbound: outbound) }.resume()
    }

    func connectionLost(_ status: GRPCStatus) {
        callEnded(inbound: status, outbound: status)
    }

    /// Bytes of this call were framed by HTTP/2.
    func drained(_ bytes: Int) {
        let writers = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
            state.outbound.buffered = max(0, state.outbound.buffered - bytes)
            guard state.outbound.buffered <= limits.outboundLowWaterBytes, !state.outbound.writers.isEmpty else {
                return []
            }
            var writers: [CheckedContinuation<Void, Never>] = []
            swap(&writers, &state.outbound.writers)
            return writers
        }
        for writer in writers { writer.resume() }
    }
}

extension GRPCStatus {
    static let taskCancelled = GRPCStatus(.cancelled, "the task of the call was cancelled", cause: CancellationError())
}
