import COpenSSL
package import NIOCore

/// One side of one TLS connection, without I/O: bytes and events go in, progress and bytes come out.
///
/// States: *idle* until `start`; *handshaking*; *established*, where each direction can be closed on its own; and
/// *failed*, which is final. Confined to one event loop (not `Sendable`); nothing here blocks or knows the time,
/// except that OpenSSL reads the clock for certificates if no `verificationTime` is given.
///
/// After every call that returns, `takeOutput` gives what is to be sent: also after a failure, when it is an alert.
///
/// ```swift
/// let connection = try TLSConnection(client: context, serverName: "server.dc1.peering.1111.consul")
/// connection.start()
/// send(connection.takeOutput())
/// let progress = connection.receive(bytes)   // again and again
/// ```
@safe
package final class TLSConnection {
    /// What one call brought. Facts are listed in the order in which they happened.
    package struct Progress: Sendable {
        /// The handshake is complete just now: `session` has the result.
        package var isHandshakeCompleted = false
        /// Plaintext in order; nil if there is none.
        package var plaintext: ByteBuffer?
        /// The peer has sent close_notify just now: no more plaintext will come, and none is missing.
        package var isInputClosed = false
        /// The connection has failed just now. Send the output, then close.
        package var failure: TLSError?
    }

    enum State {
        case idle
        case handshaking
        case established(Established)
        case failed
    }

    /// Which directions of an established connection are closed.
    struct Established {
        var isOutputClosed = false
        var isInputClosed = false
    }

    /// With whom, for error messages: an address or a name. Set before `start`.
    package var peerLabel = ""
    /// What was agreed on; nil until the handshake is complete.
    package private(set) var session: TLSSessionInfo?

    let limits: TLSLimits
    let inbox: HandshakeInbox
    let wire: WireBuffers
    private let isServer: Bool
    private let ssl: OpaquePointer
    private var state = State.idle
    /// The first bytes of the peer, to tell TLS from other protocols in errors.
    private var firstBytes: [UInt8] = []
    /// Plaintext that is not encrypted yet, and how many of its buffers have been flushed.
    private var pending: [ByteBuffer] = []
    private var pendingBytes = 0
    private var flushedCount = 0
    /// Room for plaintext, kept while reads bring partial records only.
    private var spare = ByteBuffer()
    /// Bytes sent in answer to the peer's post-handshake messages.
    private var answerBytes = 0

    /// A client that asks for `serverName` and verifies it.
    package init(client context: TLSContext, serverName: String, limits: TLSLimits = TLSLimits()) throws(TLSError) {
        guard case .client(let settings) = context.role else {
            throw TLSError(.invalidInput, "a client connection needs a client's TLS context")
        }
        let name = try ServerName.validate(serverName)
        self.limits = limits
        self.inbox = HandshakeInbox(context: context, serverName: name)
        self.wire = WireBuffers(handshakeAllowance: limits.handshakeBytes)
        self.isServer = false
        let ssl = try unsafe Self.make(context, self.inbox, self.wire)
        unsafe self.ssl = ssl
        // From here on `deinit` frees the SSL.
        unsafe SSL_set_hostflags(ssl, TLSContext.hostFlags)
        guard unsafe SSL_set1_host(ssl, name) == 1 else { throw .library("could not set the name to verify") }
        if !ServerName.isAddress(name), unsafe hawser_SSL_set_tlsext_host_name(ssl, name) != 1 {
            throw .library("could not set the server name")
        }
        if let time = settings.verificationTime {
            unsafe X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), Int(time()))
        }
        unsafe SSL_set_connect_state(ssl)
    }

    /// A server; the context's selector chooses the certificate when the client has said what it wants.
    package init(server context: TLSContext, limits: TLSLimits = TLSLimits()) throws(TLSError) {
        guard case .server = context.role else {
            throw TLSError(.invalidInput, "a server connection needs a server's TLS context")
        }
        self.limits = limits
        self.inbox = HandshakeInbox(context: context, serverName: nil)
        self.wire = WireBuffers(handshakeAllowance: limits.handshakeBytes)
        self.isServer = true
        unsafe self.ssl = try Self.make(context, self.inbox, self.wire)
        unsafe SSL_set_accept_state(self.ssl)
    }

    // Runs before the inbox and the buffers, which OpenSSL borrows, are released.
    deinit { unsafe SSL_free(self.ssl) }

    private static func make(
        _ context: TLSContext, _ inbox: HandshakeInbox, _ wire: WireBuffers
    ) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let ssl = unsafe SSL_new(context.raw) else { throw .library("no memory for a TLS connection") }
        guard unsafe inbox.attach(to: ssl), let bio = unsafe wire.makeBIO() else {
            unsafe SSL_free(ssl)
            throw .library("no memory for a TLS connection")
        }
        // The SSL takes over the one reference for both directions.
        unsafe SSL_set_bio(ssl, bio, bio)
        return unsafe ssl
    }

    /// Whether the handshake is complete and nothing has failed.
    package var isEstablished: Bool {
        if case .established = self.state { true } else { false }
    }

    /// Whether the peer's close_notify has come.
    package var isInputClosed: Bool {
        if case .established(let directions) = self.state { directions.isInputClosed } else { false }
    }

    // MARK: - Events

    /// The transport is connected. A client's hello is in the output afterwards; a server waits for one.
    package func start() -> Progress {
        guard case .idle = self.state else { return Progress() }
        self.state = .handshaking
        var progress = Progress()
        if !self.isServer { self.shakeHands(&progress) }
        return progress
    }

    /// Bytes came from the peer. They are processed at once and completely.
    package func receive(_ bytes: ByteBuffer) -> Progress {
        var progress = Progress()
        switch self.state {
        case .idle:
            progress = self.start()
            if progress.failure != nil { return progress }
            self.take(bytes)
            self.shakeHands(&progress)
        case .handshaking:
            self.take(bytes)
            self.shakeHands(&progress)
        case .established(let directions):
            // RFC 8446 section 6.1: data after close_notify is ignored.
            if directions.isInputClosed { return progress }
            self.take(bytes)
        case .failed:
            return progress
        }
        if case .established = self.state { self.readPlaintext(&progress) }
        return progress
    }

    /// The transport will bring no more bytes. A failure unless close_notify came before: cut off by the network, an
    /// attacker, or a peer that does not bother. A peer that we have told goodbye may leave without a word.
    package func receiveEOF() -> Progress {
        var progress = Progress()
        switch self.state {
        case .idle, .handshaking:
            self.fail(TLSError(.closedDuringHandshake, "peer closed the connection during the handshake"), &progress)
        case .established(let directions):
            if directions.isInputClosed || directions.isOutputClosed { return progress }
            self.fail(TLSError(.truncated, "peer closed the connection without saying goodbye"), &progress)
        case .failed:
            break
        }
        return progress
    }

    /// Takes the ciphertext that is to be sent; nil if there is none. The caller owns the buffer and its memory.
    package func takeOutput() -> ByteBuffer? {
        guard self.wire.outbound.readableBytes > 0 else { return nil }
        let output = self.wire.outbound
        self.wire.outbound = ByteBuffer()
        return output
    }

    // MARK: - Sending

    /// Takes plaintext for the next `flush`.
    ///
    /// - Throws: `connectionClosed` after `closeNotify` or a failure; `pendingWritesTooLarge` if too much waits for
    ///   the handshake. Nothing is taken then.
    package func write(_ plaintext: ByteBuffer) throws(TLSError) {
        switch self.state {
        case .idle, .handshaking:
            guard self.pendingBytes + plaintext.readableBytes <= self.limits.pendingPlaintextBytes else {
                throw TLSError(
                    .pendingWritesTooLarge,
                    "more than \(self.limits.pendingPlaintextBytes) bytes wait for the handshake\(self.withPeer)")
            }
        case .established(let directions):
            if directions.isOutputClosed { throw self.closedError }
        case .failed:
            throw self.closedError
        }
        self.pendingBytes += plaintext.readableBytes
        self.pending.append(plaintext)
    }

    /// Encrypts everything written so far: many small writes become few records. Before the handshake is complete
    /// it is remembered, and `receive` does it as soon as the handshake is.
    ///
    /// - Throws: `library` if OpenSSL cannot encrypt, which nobody but lack of memory can cause; the connection has
    ///   failed then.
    package func flush() throws(TLSError) {
        self.flushedCount = self.pending.count
        guard case .established = self.state, let failure = self.encryptPending() else { return }
        var progress = Progress()
        self.fail(failure, &progress)
        throw failure
    }

    /// Says that nothing more will be sent, after what was flushed. Unflushed plaintext is dropped, as a channel
    /// does on close. Without effect before the handshake is complete, after a failure and the second time.
    package func closeNotify() {
        guard case .established(var directions) = self.state, !directions.isOutputClosed else { return }
        self.dropPending()
        directions.isOutputClosed = true
        self.state = .established(directions)
        ERR_clear_error()
        // 0 means that only our side is closed so far: that is what is wanted.
        _ = unsafe SSL_shutdown(self.ssl)
        ERR_clear_error()
    }

    // MARK: - Handshake

    private func take(_ bytes: ByteBuffer) {
        if self.firstBytes.count < NotTLS.prefixCount {
            self.firstBytes.append(contentsOf: bytes.readableBytesView.prefix(NotTLS.prefixCount))
        }
        if self.wire.inbound.readableBytes == 0 {
            self.wire.inbound = bytes
        } else {
            self.wire.inbound.writeImmutableBuffer(bytes)
        }
    }

    private func shakeHands(_ progress: inout Progress) {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(self.ssl)
        guard result == 1 else {
            switch unsafe SSL_get_error(self.ssl, result) {
            case SSL_ERROR_WANT_READ: self.wire.inbound = ByteBuffer()
            case let kind: self.fail(self.handshakeFailure(kind), &progress)
            }
            return
        }
        self.wire.handshakeAllowance = nil
        self.wire.heldByLibrary = 0
        self.firstBytes = []
        let session = self.makeSession()
        if session.applicationProtocol == nil, self.inbox.context.settings.requiresApplicationProtocol {
            self.fail(TLSError(.noSharedALPN, "peer selected no ALPN protocol, and one is required here"), &progress)
            return
        }
        self.session = session
        self.state = .established(Established())
        progress.isHandshakeCompleted = true
        if let failure = self.encryptPending() { self.fail(failure, &progress) }
    }

    private func makeSession() -> TLSSessionInfo {
        var name: UnsafePointer<UInt8>? = nil
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(self.ssl, &name, &count)
        let selected = unsafe UnsafeBufferPointer(start: name, count: Int(count))
        let cipher = unsafe SSL_CIPHER_get_name(SSL_get_current_cipher(self.ssl))
        let certificate = unsafe SSL_get1_peer_certificate(self.ssl)
        return unsafe TLSSessionInfo(
            serverName: self.inbox.serverName,
            applicationProtocol: selected.isEmpty ? nil : String(decoding: selected, as: UTF8.self),
            version: TLSVersion(rawValue: UInt16(truncatingIfNeeded: SSL_version(self.ssl))),
            cipher: cipher.map { unsafe String(cString: $0) } ?? "",
            peerCertificate: certificate.map { unsafe X509Certificate(owning: $0) })
    }

    private func handshakeFailure(_ kind: Int32) -> TLSError {
        if self.wire.isOverAllowance {
            return TLSError(
                .handshakeTooLarge, "peer sent more than \(self.limits.handshakeBytes) bytes of handshake")
        }
        if kind == SSL_ERROR_ZERO_RETURN {
            return TLSError(.closedDuringHandshake, "peer closed the connection during the handshake")
        }
        let failure = OpenSSLFailure.drain()
        // The callback's sentence is better than what OpenSSL makes of its return value.
        if let refusal = self.inbox.refusal { return refusal }
        if let other = NotTLS.recognize(self.firstBytes, isServer: self.isServer, cause: failure.description) {
            return other
        }
        return TLSError.handshake(failure, inbox: self.inbox, isServer: self.isServer)
    }

    // MARK: - Established

    private func readPlaintext(_ progress: inout Progress) {
        var plaintext = self.spare
        self.spare = ByteBuffer()
        // Never less than the plaintext in what is here: ciphertext is longer.
        plaintext.reserveCapacity(self.wire.inbound.readableBytes + self.wire.heldByLibrary)
        let outputBefore = self.wire.outbound.readableBytes
        var outcome = SSL_ERROR_NONE
        while outcome == SSL_ERROR_NONE {
            outcome = self.readRecord(into: &plaintext)
        }
        if plaintext.readableBytes > 0 {
            progress.plaintext = plaintext
        } else {
            self.spare = plaintext
        }
        self.answerBytes += self.wire.outbound.readableBytes - outputBefore
        switch outcome {
        case SSL_ERROR_WANT_READ:
            // Gives the buffer of the socket back.
            self.wire.inbound = ByteBuffer()
            guard self.answerBytes > self.limits.answerBytes else { return }
            self.fail(TLSError(.protocolViolation, "peer asks for key updates without end"), &progress)
        case SSL_ERROR_ZERO_RETURN:
            self.closeInput()
            progress.isInputClosed = true
        default:
            let failure = OpenSSLFailure.drain()
            self.fail(TLSError.record(failure), &progress)
        }
    }

    /// Moves the plaintext of one record, or part of it, to `plaintext`.
    private func readRecord(into plaintext: inout ByteBuffer) -> Int32 {
        let minimum = max(Int(unsafe SSL_pending(self.ssl)), 1)
        var result: Int32 = 0
        ERR_clear_error()
        unsafe plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: minimum) { room in
            var count = 0
            result = unsafe SSL_read_ex(self.ssl, room.baseAddress, room.count, &count)
            return result == 1 ? count : 0
        }
        guard result == 1 else { return unsafe SSL_get_error(self.ssl, result) }
        self.wire.heldByLibrary = 0
        return SSL_ERROR_NONE
    }

    private func closeInput() {
        guard case .established(var directions) = self.state else { return }
        directions.isInputClosed = true
        self.state = .established(directions)
        self.wire.inbound = ByteBuffer()
        self.spare = ByteBuffer()
    }

    private func encryptPending() -> TLSError? {
        guard self.flushedCount > 0 else { return nil }
        var failure: TLSError?
        let messages = self.pending.prefix(self.flushedCount)
        var coalescer = RecordCoalescer()
        let plaintextBytes = messages.reduce(0) { $0 + $1.readableBytes }
        self.wire.outbound.reserveCapacity(
            minimumWritableBytes: RecordCoalescer.ciphertextBytes(for: plaintextBytes))
        unsafe coalescer.forEachRun(of: messages) { run in
            var count = 0
            ERR_clear_error()
            // The BIO takes everything and nothing is renegotiated, so the call never stops half way.
            let result = unsafe SSL_write_ex(self.ssl, run.baseAddress, run.count, &count)
            if result != 1, failure == nil { failure = .library("could not encrypt") }
        }
        self.pendingBytes -= plaintextBytes
        self.pending.removeFirst(self.flushedCount)
        self.flushedCount = 0
        return failure
    }

    private func dropPending() {
        self.pending = []
        self.pendingBytes = 0
        self.flushedCount = 0
    }

    // MARK: - Failure

    private func fail(_ error: TLSError, _ progress: inout Progress) {
        progress.failure = TLSError(
            error.code, error.message + self.withPeer, cause: error.cause, alert: error.alert)
        self.state = .failed
        self.dropPending()
        self.wire.inbound = ByteBuffer()
        self.spare = ByteBuffer()
        ERR_clear_error()
    }

    /// ` (peer …)`, if the peer is known.
    private var withPeer: String { self.peerLabel.isEmpty ? "" : " (peer \(self.peerLabel))" }

    private var closedError: TLSError {
        TLSError(.connectionClosed, "the TLS connection is closed for writing\(self.withPeer)")
    }
}
