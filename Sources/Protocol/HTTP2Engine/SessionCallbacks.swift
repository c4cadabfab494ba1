import CNGHTTP2
import NIOCore

// nghttp2 calls these from inside mem_recv and mem_send. Each recovers the inbox and calls one method.

private func inbox(_ userData: UnsafeMutableRawPointer?) -> SessionInbox? {
    guard let userData = unsafe userData else { return nil }
    return unsafe Unmanaged<SessionInbox>.fromOpaque(userData).takeUnretainedValue()
}

private let callbackFailed = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

/// - Throws: `HTTP2Error` when nghttp2 has no memory.
func makeSession(
    role: HTTP2Role, configuration: HTTP2Configuration, inbox: SessionInbox
) throws(HTTP2Error) -> OpaquePointer {
    let failure = HTTP2Error(.library, "cannot make an HTTP/2 session: out of memory")
    var callbacks: OpaquePointer?
    var options: OpaquePointer?
    defer {
        unsafe nghttp2_session_callbacks_del(callbacks)
        unsafe nghttp2_option_del(options)
    }
    guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0, unsafe nghttp2_option_new(&options) == 0,
        let callbacks = unsafe callbacks, let options = unsafe options
    else { throw failure }
    unsafe setReceiving(callbacks)
    unsafe setSending(callbacks)

    let limits = configuration.limits
    unsafe nghttp2_option_set_no_auto_window_update(options, 1)
    unsafe nghttp2_option_set_max_outbound_ack(options, limits.maxOutboundAcknowledgements)
    unsafe nghttp2_option_set_max_settings(options, limits.maxSettingsEntries)
    // A closed stream is of no use to us, and keeping it costs memory that peers decide about.
    unsafe nghttp2_option_set_no_closed_streams(options, 1)
    // grpc-message may end in a space, which grpc-go does not encode.
    unsafe nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1)

    var session: OpaquePointer?
    let userData = unsafe Unmanaged.passUnretained(inbox).toOpaque()
    let result =
        switch role {
        case .client: unsafe nghttp2_session_client_new2(&session, callbacks, userData, options)
        case .server: unsafe nghttp2_session_server_new2(&session, callbacks, userData, options)
        }
    guard result == 0, let session = unsafe session else { throw failure }
    return unsafe session
}

private func setReceiving(_ callbacks: OpaquePointer) {
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, userData in
        guard let inbox = unsafe inbox(userData), let frame = unsafe frame?.pointee else { return callbackFailed }
        let isRequest = unsafe frame.headers.cat == NGHTTP2_HCAT_REQUEST
        unsafe inbox.headersBegan(stream: frame.hd.stream_id, isRequest: isRequest)
        return 0
    }
    unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
        _, _, name, nameLength, value, valueLength, _, userData in
        guard let inbox = unsafe inbox(userData) else { return callbackFailed }
        let fits = unsafe inbox.fieldReceived(
            name: UnsafeBufferPointer(start: name, count: nameLength),
            value: UnsafeBufferPointer(start: value, count: valueLength))
        return fits ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
        _, _, stream, bytes, count, userData in
        guard let inbox = unsafe inbox(userData) else { return callbackFailed }
        unsafe inbox.dataReceived(stream: stream, bytes: UnsafeBufferPointer(start: bytes, count: count))
        return 0
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, userData in
        guard let inbox = unsafe inbox(userData), let frame = unsafe frame else { return callbackFailed }
        unsafe frameReceived(inbox, frame)
        return 0
    }
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, userData in
        guard let inbox = unsafe inbox(userData) else { return callbackFailed }
        inbox.flood.invalidFrame(now: inbox.now)
        return 0
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, userData in
        guard let inbox = unsafe inbox(userData) else { return callbackFailed }
        inbox.streamClosed(stream, code: code)
        return 0
    }
    unsafe nghttp2_session_callbacks_set_error_callback2(callbacks) { _, code, text, length, userData in
        guard let inbox = unsafe inbox(userData), let text = unsafe text else { return callbackFailed }
        if code == NGHTTP2_ERR_HTTP_HEADER.rawValue {
            // The library's text quotes the field, and a value may be a secret.
            inbox.complaint = "the peer sent a header field that is not valid"
        } else {
            let bytes = unsafe UnsafeRawBufferPointer(start: text, count: min(length, 200))
            unsafe inbox.complaint = String(decoding: bytes, as: UTF8.self)
        }
        return 0
    }
}

private func frameReceived(_ inbox: SessionInbox, _ frame: UnsafePointer<nghttp2_frame>) {
    let header = unsafe frame.pointee.hd
    let stream = header.stream_id
    let endStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    // The same bit means ACK on SETTINGS and PING.
    let isAcknowledgement = header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
    switch UInt32(header.type) {
    case NGHTTP2_DATA.rawValue:
        inbox.dataFrameReceived(stream: stream, length: header.length, endStream: endStream)
    case NGHTTP2_HEADERS.rawValue:
        inbox.headersReceived(stream: stream, endStream: endStream)
    case NGHTTP2_RST_STREAM.rawValue:
        inbox.resetReceived(stream: stream)
    case NGHTTP2_SETTINGS.rawValue:
        inbox.settingsReceived(isAcknowledgement: isAcknowledgement)
    case NGHTTP2_PING.rawValue:
        let payload = unsafe withUnsafeBytes(of: frame.pointee.ping.opaque_data) {
            unsafe UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self))
        }
        inbox.pingReceived(payload: payload, isAcknowledgement: isAcknowledgement)
    case NGHTTP2_GOAWAY.rawValue:
        let goAway = unsafe frame.pointee.goaway
        unsafe inbox.goAwayReceived(
            lastStream: goAway.last_stream_id, code: goAway.error_code,
            debug: UnsafeBufferPointer(start: goAway.opaque_data, count: goAway.opaque_data_len))
    case NGHTTP2_PRIORITY.rawValue:
        inbox.flood.priority(now: inbox.now)
    case NGHTTP2_WINDOW_UPDATE.rawValue:
        inbox.flood.windowUpdate(now: inbox.now)
    default:
        break
    }
}

private func setSending(_ callbacks: OpaquePointer) {
    unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, length, _, userData in
        guard let inbox = unsafe inbox(userData), let frame = unsafe frame, let header = unsafe header else {
            return callbackFailed
        }
        return unsafe inbox.writeFrame(stream: frame.pointee.hd.stream_id, header: header, length: length)
    }
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { session, frame, userData in
        guard let inbox = unsafe inbox(userData), let frame = unsafe frame else { return callbackFailed }
        let header = unsafe frame.pointee.hd
        let type = UInt32(header.type)
        let code: UInt32 =
            switch type {
            case NGHTTP2_RST_STREAM.rawValue: unsafe frame.pointee.rst_stream.error_code
            case NGHTTP2_GOAWAY.rawValue: unsafe frame.pointee.goaway.error_code
            default: 0
            }
        let remoteEnded = unsafe nghttp2_session_get_stream_remote_close(session, header.stream_id) != 0
        let mustReset = inbox.frameSent(
            stream: header.stream_id, type: type, flags: header.flags, code: code, remoteEnded: remoteEnded)
        if mustReset {
            let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
            _ = unsafe nghttp2_submit_rst_stream(session, flags, header.stream_id, HTTP2ErrorCode.noError.rawValue)
        }
        return 0
    }
    unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { session, frame, _, userData in
        guard let inbox = unsafe inbox(userData), let frame = unsafe frame else { return callbackFailed }
        let header = unsafe frame.pointee.hd
        let stream = header.stream_id
        guard UInt32(header.type) == NGHTTP2_HEADERS.rawValue, inbox.streams[stream] != nil else { return 0 }
        switch inbox.role {
        case .client:
            // A request that can no longer be opened: nghttp2 does not report it as a closed stream.
            inbox.streamClosed(stream, code: HTTP2ErrorCode.refusedStream.rawValue)
        case .server:
            // A block too large to be sent: without an answer the client would wait for ever.
            let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
            _ = unsafe nghttp2_submit_rst_stream(session, flags, stream, HTTP2ErrorCode.internalError.rawValue)
        }
        return 0
    }
}

/// The source of a stream's DATA: the inbox, found through `user_data` and the number of the stream.
func makeProvider() -> nghttp2_data_provider {
    unsafe nghttp2_data_provider(source: nghttp2_data_source()) { session, stream, _, limit, flags, _, userData in
        guard let inbox = unsafe inbox(userData), let session = unsafe session, let flags = unsafe flags else {
            return Int(callbackFailed)
        }
        return unsafe inbox.readBody(session, stream: stream, limit: limit, flags: &flags.pointee)
    }
}
