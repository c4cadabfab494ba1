import CNGHTTP2
import NIOCore

/// What a stream still has to send. Confined to its session.
final class OutboundStream {
    private var queue: [ByteBuffer] = []
    private var head = 0
    private(set) var byteCount = 0
    /// No more bytes will be added.
    var isEnded = false
    /// Sent after the last byte, instead of END_STREAM on it.
    var trailers: [HTTP2Field]?
    /// nghttp2 was told that there is nothing to send; it asks again only after `nghttp2_session_resume_data`.
    var isDeferred = false

    func append(_ bytes: ByteBuffer) {
        byteCount += bytes.readableBytes
        queue.append(bytes)
    }

    /// Moves the next `count` bytes, which are there, to the end of `output`.
    func move(_ count: Int, to output: inout ByteBuffer) {
        var rest = count
        while rest > 0, head < queue.count {
            let length = min(rest, queue[head].readableBytes)
            if var slice = queue[head].readSlice(length: length) {
                output.writeBuffer(&slice)
            }
            rest -= length
            if queue[head].readableBytes == 0 {
                queue[head] = ByteBuffer()
                head += 1
            }
        }
        byteCount -= count
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64, head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
    }
}

/// Where nghttp2's callbacks put what they learn. They call nothing outside; the session acts after the C call has
/// returned. The session owns this object and frees the C session first, so the unretained `user_data` is safe.
final class SessionInbox {
    let role: HTTP2Role
    let maxHeaderListBytes: Int
    var now = NIODeadline.uptimeNanoseconds(0)
    var events: [HTTP2Event] = []
    var streams: [HTTP2StreamID: OutboundStream] = [:]
    var output = ByteBuffer()
    /// `pull` stops when the output has this many bytes.
    var outputLimit = 0
    var queuedBytes = 0
    /// Payload bytes that left a stream's queue since the session last asked, one entry per run of one stream.
    var drained: [(stream: HTTP2StreamID, bytes: Int)] = []
    var flood: FloodGuard
    /// DATA or HEADERS were sent since the session last asked.
    var sentSinceAsked = false
    /// The library's own words about the last thing that was wrong.
    var complaint: String?
    /// Set when nghttp2 ended the connection by itself.
    var goAwaySent: HTTP2ErrorCode?

    private var fields: [HTTP2Field] = []
    private var fieldBytes = 0
    private var openStream: HTTP2StreamID = 0
    private var openBytes = ByteBuffer()
    /// Bytes that the present `receive` may still bring; the size of a fresh data buffer.
    var expectedBytes = 0

    init(role: HTTP2Role, configuration: HTTP2Configuration) {
        self.role = role
        self.maxHeaderListBytes = Int(configuration.maxHeaderListBytes)
        self.flood = FloodGuard(configuration.limits)
    }

    /// Closes the run of DATA bytes that is being collected, so that another event may follow it.
    func closeRun() {
        guard openStream != 0 else { return }
        events.append(.dataReceived(stream: openStream, bytes: openBytes))
        openStream = 0
        openBytes = ByteBuffer()
    }

    private func append(_ event: HTTP2Event) {
        closeRun()
        events.append(event)
    }

    // MARK: - Receiving

    func headersBegan(stream: HTTP2StreamID, isRequest: Bool) {
        fields.removeAll(keepingCapacity: true)
        fieldBytes = 0
        if isRequest, role == .server {
            streams[stream] = OutboundStream()
        }
    }

    /// - Returns: `false` if the block is larger than announced; the stream is reset then.
    func fieldReceived(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) -> Bool {
        // RFC 9113 section 6.5.2: 32 bytes of overhead per field.
        fieldBytes += name.count + value.count + 32
        guard fieldBytes <= maxHeaderListBytes else {
            flood.invalidFrame(now: now)
            return false
        }
        unsafe fields.append(
            HTTP2Field(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        return true
    }

    func dataReceived(stream: HTTP2StreamID, bytes: UnsafeBufferPointer<UInt8>) {
        if stream != openStream {
            closeRun()
            openStream = stream
            openBytes = ByteBufferAllocator().buffer(capacity: max(bytes.count, expectedBytes))
        }
        unsafe openBytes.writeBytes(bytes)
        expectedBytes -= bytes.count
    }

    func headersReceived(stream: HTTP2StreamID, endStream: Bool) {
        append(.headersReceived(stream: stream, fields: fields, endStream: endStream))
        fields.removeAll(keepingCapacity: true)
    }

    func dataFrameReceived(stream: HTTP2StreamID, length: Int, endStream: Bool) {
        if endStream {
            append(.endReceived(stream: stream))
        } else if length == 0 {
            flood.emptyDataFrame(now: now)
        }
    }

    func resetReceived(stream: HTTP2StreamID) {
        if role == .server, streams[stream] != nil {
            flood.streamReset(now: now)
        }
    }

    func settingsReceived(isAcknowledgement: Bool) {
        guard !isAcknowledgement else { return }
        flood.settingsFrame(now: now)
        append(.settingsReceived)
    }

    func pingReceived(payload: UInt64, isAcknowledgement: Bool) {
        if isAcknowledgement {
            append(.pingAcknowledged(payload))
        } else {
            flood.ping(now: now)
            append(.pingReceived)
        }
    }

    func goAwayReceived(lastStream: HTTP2StreamID, code: UInt32, debug: UnsafeBufferPointer<UInt8>) {
        // The text is the peer's: only as much as belongs in one line of a log, and nothing that moves the cursor.
        let text = unsafe debug.prefix(128).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        append(
            .goAwayReceived(
                lastStream: lastStream, code: HTTP2ErrorCode(rawValue: code),
                debug: String(decoding: text, as: UTF8.self)))
    }

    func streamClosed(_ stream: HTTP2StreamID, code: UInt32) {
        guard let record = streams.removeValue(forKey: stream) else { return }
        queuedBytes -= record.byteCount
        append(.streamClosed(stream: stream, code: HTTP2ErrorCode(rawValue: code)))
    }

    // MARK: - Sending

    /// Answers nghttp2's question how much DATA it may frame now.
    func readBody(_ session: OpaquePointer, stream: HTTP2StreamID, limit: Int, flags: inout UInt32) -> Int {
        guard let record = streams[stream] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        let count = min(limit, record.byteCount)
        guard count > 0 || record.isEnded else {
            record.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        guard record.isEnded, count == record.byteCount else { return count }
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers = record.trailers {
            flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            let result = unsafe withNameValues(trailers) { fields, count in
                unsafe nghttp2_submit_trailer(session, stream, fields, count)
            }
            if result != 0 { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        }
        return count
    }

    /// Writes one DATA frame. - Returns: what nghttp2 wants from `nghttp2_send_data_callback`.
    func writeFrame(stream: HTTP2StreamID, header: UnsafePointer<UInt8>, length: Int) -> Int32 {
        guard let record = streams[stream] else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        unsafe output.writeBytes(UnsafeBufferPointer(start: header, count: 9))
        record.move(length, to: &output)
        queuedBytes -= length
        if let last = drained.last, last.stream == stream {
            drained[drained.count - 1].bytes += length
        } else {
            drained.append((stream, length))
        }
        return output.readableBytes < outputLimit ? 0 : NGHTTP2_ERR_PAUSE.rawValue
    }

    /// Called after nghttp2 has framed something. - Returns: `true` if the stream should now be reset with NO_ERROR:
    /// a server that answered early has no use for the rest of the request (RFC 9113 section 8.1).
    func frameSent(stream: HTTP2StreamID, type: UInt32, flags: UInt8, code: UInt32, remoteEnded: Bool) -> Bool {
        switch type {
        case NGHTTP2_DATA.rawValue, NGHTTP2_HEADERS.rawValue:
            sentSinceAsked = true
            flood.sentSomething()
            let ended = flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            return ended && role == .server && !remoteEnded
        case NGHTTP2_RST_STREAM.rawValue:
            let harmless: [HTTP2ErrorCode] = [.noError, .cancel, .refusedStream]
            if !harmless.contains(HTTP2ErrorCode(rawValue: code)) { flood.invalidFrame(now: now) }
            return false
        case NGHTTP2_GOAWAY.rawValue:
            if code != 0 { goAwaySent = HTTP2ErrorCode(rawValue: code) }
            return false
        default:
            return false
        }
    }
}

/// Lays header fields out for one call of nghttp2, which copies them. The pointers are valid inside `body` only.
func withNameValues<R>(_ fields: [HTTP2Field], _ body: (UnsafePointer<nghttp2_nv>?, Int) -> R) -> R {
    var arena: [UInt8] = []
    for field in fields {
        arena.append(contentsOf: field.name.utf8)
        arena.append(contentsOf: field.value.utf8)
    }
    return unsafe arena.withUnsafeMutableBufferPointer { bytes in
        // An empty array may have no address; nghttp2 wants one even for an empty value.
        guard let base = bytes.baseAddress else { return body(nil, 0) }
        var offset = 0
        var pairs: [nghttp2_nv] = unsafe []
        unsafe pairs.reserveCapacity(fields.count)
        for field in fields {
            let (nameLength, valueLength) = (field.name.utf8.count, field.value.utf8.count)
            let flag = field.isSensitive ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE
            unsafe pairs.append(
                nghttp2_nv(
                    name: base + offset, value: base + offset + nameLength, namelen: nameLength,
                    valuelen: valueLength, flags: UInt8(flag.rawValue)))
            offset += nameLength + valueLength
        }
        return unsafe pairs.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
    }
}
