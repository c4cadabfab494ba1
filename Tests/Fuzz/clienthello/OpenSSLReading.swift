import COpenSSL

/// What OpenSSL, as a server, finds in the first bytes of a connection. It judges more than the parser does, so its
/// word counts only where it got as far as showing the hello to its callback.
private struct OpenSSLReading {
    /// The bodies of the extensions, nil where there is none.
    var serverNames: [UInt8]?
    var protocols: [UInt8]?
}

/// The callback's finding; the fuzzer has one thread.
nonisolated(unsafe) private var reading: OpenSSLReading?

nonisolated(unsafe) private let context: OpaquePointer = {
    guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { fatalError("no SSL_CTX") }
    unsafe SSL_CTX_set_client_hello_cb(
        context,
        { session, _, _ in
            unsafe reading = OpenSSLReading(serverNames: body(of: 0, session), protocols: body(of: 16, session))
            // Nothing more of the handshake is wanted.
            return SSL_CLIENT_HELLO_ERROR
        }, nil)
    return unsafe context
}()

private func body(of type: UInt32, _ session: OpaquePointer?) -> [UInt8]? {
    var start: UnsafePointer<UInt8>?
    var count = 0
    guard unsafe SSL_client_hello_get0_ext(session, type, &start, &count) == 1 else { return nil }
    return unsafe Array(UnsafeBufferPointer(start: start, count: count))
}

private func read(_ bytes: [UInt8]) -> OpenSSLReading? {
    unsafe reading = nil
    guard let session = unsafe SSL_new(context), let input = unsafe BIO_new(BIO_s_mem()),
        let output = unsafe BIO_new(BIO_s_mem())
    else { fatalError("no SSL") }
    // The session frees both.
    unsafe SSL_set_bio(session, input, output)
    defer { unsafe SSL_free(session) }
    unsafe bytes.withUnsafeBytes { _ = unsafe BIO_write(input, $0.baseAddress, CInt($0.count)) }
    ERR_clear_error()
    _ = unsafe SSL_accept(session)
    return unsafe reading
}

/// Where OpenSSL has read a whole hello, so has the parser, and the same one.
func checkOpenSSL(_ bytes: [UInt8], _ outcome: ClientHelloParser.Outcome) {
    guard !bytes.isEmpty, let reading = read(bytes) else { return }
    switch outcome {
    case .needsMore:
        fatalError("OpenSSL has read a whole hello")
    case .hello(let hello):
        if let name = hello.serverName {
            guard let list = reading.serverNames else { fatalError("OpenSSL reads no server name") }
            let text = String(decoding: list.map { $0 < 0x80 ? $0 : 0 }, as: UTF8.self).lowercased()
            require(text.contains(name), "OpenSSL reads another server name")
        } else {
            // None, or only names of another type.
            require(reading.serverNames.map { $0.count > 2 && $0[2] != 0 } ?? true, "OpenSSL reads a server name")
        }
        require(hello.protocols.isEmpty || reading.protocols != nil, "OpenSSL reads no protocols")
    case .refused(let problem):
        // OpenSSL takes hellos of SSLv2 and some empty records, and looks into the two extensions only later.
        let mayDiffer: Set<ClientHelloProblem.Code> = [.sslv2, .tooLong, .badServerName, .malformed]
        require(mayDiffer.contains(problem.code), "OpenSSL has read a hello, and it was refused: \(problem)")
    }
}
