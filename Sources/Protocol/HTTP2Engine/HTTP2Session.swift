import CNGHTTP2
package import NIOCore

/// One HTTP/2 connection without its socket: bytes and requests in, events and bytes out (RFC 9113, by libnghttp2).
///
/// The owner feeds `receive`, takes `takeEvents`, asks for streams to be opened, written and ended, and after
/// each round moves `pullOutput` to the wire until it is `nil`. Nothing is sent, and no callback is made, at any other
/// moment. Flow control is the owner's: bytes of `dataReceived` count against the windows until `consume`.
///
/// Not `Sendable`: one thread (an event loop) owns it.
@safe package final class HTTP2Session {
    package let role: HTTP2Role
    private let inbox: SessionInbox
    private let session: OpaquePointer
    private var preface: PrefaceInspector
    private var isClosing = false
    /// Why the connection is over, once it is because of the peer's or the library's doing.
    package private(set) var failure: HTTP2Error?

    /// - Throws: `HTTP2Error` with code `library` when there is no memory.
    package init(role: HTTP2Role, configuration: HTTP2Configuration = HTTP2Configuration()) throws(HTTP2Error) {
        let inbox = SessionInbox(role: role, configuration: configuration)
        self.role = role
        self.inbox = inbox
        self.preface = PrefaceInspector(role: role)
        unsafe self.session = try makeSession(role: role, configuration: configuration, inbox: inbox)
        do {
            try submitSettings(configuration)
        } catch {
            unsafe nghttp2_session_del(session)
            throw error
        }
    }

    deinit {
        unsafe nghttp2_session_del(session)
    }

    private func submitSettings(_ configuration: HTTP2Configuration) throws(HTTP2Error) {
        func entry(_ id: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
        }
        var entries = [
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, configuration.maxHeaderListBytes),
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, configuration.streamWindowBytes),
            entry(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, configuration.maxFrameBytes),
        ]
        switch role {
        case .client: entries.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        case .server:
            entries.append(entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, configuration.maxConcurrentStreams))
        }
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        try check(unsafe nghttp2_submit_settings(session, flags, entries, entries.count), "submit SETTINGS")
        let window = Int32(clamping: configuration.connectionWindowBytes)
        unsafe try check(nghttp2_session_set_local_window_size(session, flags, 0, window), "set the connection window")
    }

    private func check(_ result: Int32, _ what: String) throws(HTTP2Error) {
        guard result < 0 else { return }
        throw HTTP2Error(.library, "cannot \(what): \(unsafe String(cString: nghttp2_strerror(result)))")
    }

    // MARK: - Receiving

    /// Takes bytes that came from the peer. Events appear in `takeEvents`.
    ///
    /// - Throws: `HTTP2Error` if the connection is over. A GOAWAY may wait in `pullOutput`; send it, then close.
    package func receive(_ bytes: ByteBuffer, now: NIODeadline) throws(HTTP2Error) {
        if let failure { throw failure }
        do {
            try preface.bytesReceived(bytes)
        } catch {
            failure = error
            throw error
        }
        inbox.now = now
        inbox.expectedBytes = bytes.readableBytes
        let result = unsafe bytes.withUnsafeReadableBytes { raw in
            let memory = unsafe raw.bindMemory(to: UInt8.self)
            return unsafe nghttp2_session_mem_recv(session, memory.baseAddress, memory.count)
        }
        inbox.closeRun()
        if result < 0 {
            let libraryText = unsafe String(cString: nghttp2_strerror(Int32(result)))
            try fail(.protocolViolation, inbox.complaint ?? libraryText)
        }
        if let what = inbox.flood.crossed {
            goAway(.enhanceYourCalm, debug: "too many \(what)")
            try fail(.flooded, "the peer sent too many \(what)")
        }
    }

    private func fail(_ code: HTTP2Error.Code, _ message: String) throws(HTTP2Error) {
        let error = HTTP2Error(code, message)
        failure = error
        throw error
    }

    /// The events since the last call.
    package func takeEvents() -> [HTTP2Event] {
        inbox.closeRun()
        var events: [HTTP2Event] = []
        swap(&events, &inbox.events)
        return events
    }

    /// Gives `bytes` of received DATA back to the windows of the stream and of the connection. Right also for a
    /// stream that is closed: its bytes still weigh on the connection.
    package func consume(stream: HTTP2StreamID, bytes: Int) {
        guard bytes > 0 else { return }
        _ = unsafe nghttp2_session_consume(session, stream, bytes)
    }

    // MARK: - Sending

    /// Frames what waits, DATA within the peer's windows.
    ///
    /// - Parameter limit: about how many bytes to return; the last frame may go over it.
    /// - Returns: `nil` when nothing can be sent now.
    package func pullOutput(limit: Int) throws(HTTP2Error) -> ByteBuffer? {
        inbox.outputLimit = limit
        if inbox.queuedBytes > 0 {
            inbox.output = ByteBufferAllocator().buffer(capacity: min(limit, inbox.queuedBytes) + 17 * 1024)
        }
        while inbox.output.readableBytes < limit {
            var memory: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &memory)
            try check(Int32(clamping: count), "frame output")
            // Zero also when the DATA callback paused because the limit is reached; the loop's condition knows.
            guard count > 0, let memory = unsafe memory else { break }
            unsafe inbox.output.writeBytes(UnsafeBufferPointer(start: memory, count: count))
        }
        if failure == nil, let code = inbox.goAwaySent {
            failure = HTTP2Error(.protocolViolation, inbox.complaint ?? "the peer caused \(code)")
        }
        guard inbox.output.readableBytes > 0 else { return nil }
        var output = ByteBuffer()
        swap(&output, &inbox.output)
        return output
    }

    /// Payload bytes that left the queues of streams since the last call.
    package func takeDrained() -> [(stream: HTTP2StreamID, bytes: Int)] {
        var drained: [(stream: HTTP2StreamID, bytes: Int)] = []
        swap(&drained, &inbox.drained)
        return drained
    }

    /// Whether DATA or HEADERS were sent since the last call; `PingPolicy` wants to know.
    package func takeSentSomething() -> Bool {
        defer { inbox.sentSinceAsked = false }
        return inbox.sentSinceAsked
    }

    /// Opens a stream (client).
    ///
    /// - Parameter endStream: the request has no body; else `write` and `end` follow.
    package func submitRequest(_ fields: [HTTP2Field], endStream: Bool) throws(HTTP2Error) -> HTTP2StreamID {
        guard !isClosing, unsafe nghttp2_session_check_request_allowed(session) != 0 else {
            throw HTTP2Error(.refused, "the connection takes no new streams: it is being closed")
        }
        let stream = unsafe withNameValues(fields) { pairs, count in
            guard !endStream else { return unsafe nghttp2_submit_request(session, nil, pairs, count, nil, nil) }
            var provider = unsafe makeProvider()
            return unsafe nghttp2_submit_request(session, nil, pairs, count, &provider, nil)
        }
        try check(stream, "submit a request")
        inbox.streams[stream] = OutboundStream()
        return stream
    }

    /// Answers a request (server). Without `endStream`, `write` and `end` follow.
    package func submitResponse(
        stream: HTTP2StreamID, _ fields: [HTTP2Field], endStream: Bool
    ) throws(HTTP2Error) {
        guard inbox.streams[stream] != nil else { return }
        let result = unsafe withNameValues(fields) { pairs, count in
            guard !endStream else { return unsafe nghttp2_submit_response(session, stream, pairs, count, nil) }
            var provider = unsafe makeProvider()
            return unsafe nghttp2_submit_response(session, stream, pairs, count, &provider)
        }
        try check(result, "submit a response")
    }

    /// Queues bytes on a stream that was opened without `endStream`. A closed stream drops them.
    package func write(stream: HTTP2StreamID, _ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0, let record = inbox.streams[stream], !record.isEnded else { return }
        record.append(bytes)
        inbox.queuedBytes += bytes.readableBytes
        resume(stream, record)
    }

    /// Ends this side of a stream after what is queued, with trailers or with END_STREAM alone.
    package func end(stream: HTTP2StreamID, trailers: [HTTP2Field]? = nil) {
        guard let record = inbox.streams[stream], !record.isEnded else { return }
        record.isEnded = true
        record.trailers = trailers
        resume(stream, record)
    }

    private func resume(_ stream: HTTP2StreamID, _ record: OutboundStream) {
        guard record.isDeferred else { return }
        record.isDeferred = false
        _ = unsafe nghttp2_session_resume_data(session, stream)
    }

    /// Ends both sides of a stream at once. `streamClosed` follows when the frame has been pulled.
    package func reset(stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard inbox.streams[stream] != nil else { return }
        _ = unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code.rawValue)
    }

    package func ping(_ payload: UInt64) {
        let bytes = unsafe withUnsafeBytes(of: payload.bigEndian) { unsafe Array($0) }
        _ = unsafe nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), bytes)
    }

    // MARK: - Ending

    /// Tells a client that the end is near; streams it opens before it knows are still served (RFC 9113 section 6.8).
    package func noticeShutdown() {
        _ = unsafe nghttp2_submit_shutdown_notice(session)
    }

    /// Refuses new streams from now on; those that exist go on.
    package func goAway(_ code: HTTP2ErrorCode, debug: String = "") {
        isClosing = true
        let bytes = Array(debug.utf8)
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        _ = unsafe nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, code.rawValue, bytes, bytes.count)
    }

    /// Bytes of `write` that were not framed yet.
    package func queuedBytes(stream: HTTP2StreamID) -> Int { inbox.streams[stream]?.byteCount ?? 0 }

    /// Streams that are open, or wait to be opened.
    package var streamCount: Int { inbox.streams.count }

    /// Nothing more will be read or written: close the connection.
    package var isFinished: Bool {
        unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    /// What the peer allows on the stream now; for tests and metrics.
    package func sendWindow(stream: HTTP2StreamID) -> Int {
        unsafe Int(nghttp2_session_get_stream_remote_window_size(session, stream))
    }
}
