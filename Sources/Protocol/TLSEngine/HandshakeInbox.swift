import COpenSSL

/// What OpenSSL's callbacks find out during one handshake, left for the connection to act on after the C call.
///
/// The `SSL` holds an unretained pointer to it (ex data slot 0); the connection owns both and frees the `SSL` first.
/// It knows no connection, so that a callback cannot re-enter one.
final class HandshakeInbox {
    let context: TLSContext
    /// As server: what the client asked for, normalized. As client: what is sent and verified.
    var serverName: String?
    /// As server: the highest version that the client offered.
    var offeredVersion: TLSVersion?
    /// Why a callback refused the handshake.
    var refusal: TLSError?
    /// The chosen identity, kept for as long as the `SSL` may use it.
    var identity: TLSIdentity?

    init(context: TLSContext, serverName: String?) {
        self.context = context
        self.serverName = serverName
    }

    /// The ex data slot that OpenSSL reserves for the application.
    private static let slot: Int32 = 0

    func attach(to ssl: OpaquePointer) -> Bool {
        unsafe SSL_set_ex_data(ssl, Self.slot, Unmanaged.passUnretained(self).toOpaque()) == 1
    }

    static func of(_ ssl: OpaquePointer?) -> HandshakeInbox? {
        guard let ssl = unsafe ssl, let pointer = unsafe SSL_get_ex_data(ssl, Self.slot) else { return nil }
        return unsafe Unmanaged<HandshakeInbox>.fromOpaque(pointer).takeUnretainedValue()
    }
}

/// The functions that OpenSSL calls during a handshake. They capture nothing, find the inbox by the `SSL`, write into
/// it and return; none throws and none calls back into the connection.
enum TLSCallbacks {
    /// First look at a ClientHello, before the version is negotiated: notes what was offered, for errors.
    static let clientHello:
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 =
            { ssl, alert, _ in
                guard let ssl = unsafe ssl, let inbox = unsafe HandshakeInbox.of(ssl) else {
                    return SSL_CLIENT_HELLO_ERROR
                }
                inbox.offeredVersion = unsafe Self.highestVersion(offeredIn: ssl)
                guard inbox.context.settings.requiresApplicationProtocol else { return SSL_CLIENT_HELLO_SUCCESS }
                guard unsafe Self.clientHelloExtension(TLSEXT_TYPE_application_layer_protocol_negotiation, ssl) == nil
                else {
                    return SSL_CLIENT_HELLO_SUCCESS
                }
                inbox.refusal = TLSError(.noSharedALPN, "peer offered no ALPN protocol, and one is required here")
                unsafe alert?.pointee = SSL_AD_NO_APPLICATION_PROTOCOL
                return SSL_CLIENT_HELLO_ERROR
            }

    /// Chooses the identity. Called for every ClientHello, with SNI or without.
    static let serverName:
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 =
            { ssl, alert, _ in
                guard let ssl = unsafe ssl, let inbox = unsafe HandshakeInbox.of(ssl),
                    case .server(let settings) = inbox.context.role
                else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                inbox.serverName = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map {
                    ServerName.normalize(unsafe String(cString: $0))
                }
                guard let identity = settings.identity(inbox.serverName) else {
                    let name = inbox.serverName.map { "\"\($0.printable)\"" } ?? "a client that sends no server name"
                    inbox.refusal = TLSError(.unrecognizedServerName, "there is no certificate here for \(name)")
                    unsafe alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                let overrides: Int32 = 1
                guard
                    unsafe SSL_use_cert_and_key(
                        ssl, identity.certificate.raw, identity.key.raw, identity.rawIntermediates, overrides) == 1
                else {
                    inbox.refusal = .library("could not use the certificate \(identity.certificate.displayName)")
                    unsafe alert?.pointee = SSL_AD_INTERNAL_ERROR
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                inbox.identity = identity
                return SSL_TLSEXT_ERR_OK
            }

    /// Selects the first of our protocols that the client offers (RFC 7301 section 3.2). The result points into
    /// the client's list, which outlives the call.
    static let selectProtocol:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
            UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { ssl, selected, selectedCount, offered, offeredCount, _ in
            guard let inbox = unsafe HandshakeInbox.of(ssl) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            let settings = inbox.context.settings
            let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
            for name in settings.applicationProtocols {
                guard let range = unsafe Self.range(of: name, in: list) else { continue }
                unsafe selected?.pointee = list.baseAddress?.advanced(by: range.lowerBound)
                unsafe selectedCount?.pointee = UInt8(range.count)
                return SSL_TLSEXT_ERR_OK
            }
            guard settings.requiresApplicationProtocol else { return SSL_TLSEXT_ERR_NOACK }
            inbox.refusal = TLSError(
                .noSharedALPN, "peer offered none of the ALPN protocols \(settings.applicationProtocols)")
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }

    /// Called per certificate of the peer's chain; notes the first failure with its certificate.
    static let verify: @convention(c) (Int32, OpaquePointer?) -> Int32 = { verified, store in
        if verified == 1 { return 1 }
        let slot = SSL_get_ex_data_X509_STORE_CTX_idx()
        guard let ssl = unsafe X509_STORE_CTX_get_ex_data(store, slot),
            let inbox = unsafe HandshakeInbox.of(OpaquePointer(ssl)), inbox.refusal == nil
        else { return 0 }
        let certificate = unsafe X509_STORE_CTX_get_current_cert(store).map { unsafe X509Certificate(sharing: $0) }
        inbox.refusal = TLSError.verification(
            unsafe X509_STORE_CTX_get_error(store), certificate: certificate, serverName: inbox.serverName)
        return 0
    }

    // MARK: - Reading a ClientHello

    private static func clientHelloExtension(_ type: Int32, _ ssl: OpaquePointer) -> UnsafeBufferPointer<UInt8>? {
        var bytes: UnsafePointer<UInt8>? = nil
        var count = 0
        guard unsafe SSL_client_hello_get0_ext(ssl, UInt32(type), &bytes, &count) == 1 else { return nil }
        return unsafe UnsafeBufferPointer(start: bytes, count: count)
    }

    /// RFC 8446 section 4.2.1: the list in supported_versions if there is one, else the legacy version field.
    private static func highestVersion(offeredIn ssl: OpaquePointer) -> TLSVersion {
        let legacy = TLSVersion(rawValue: UInt16(truncatingIfNeeded: unsafe SSL_client_hello_get0_legacy_version(ssl)))
        guard let list = unsafe Self.clientHelloExtension(TLSEXT_TYPE_supported_versions, ssl), list.count >= 3 else {
            return legacy
        }
        var highest: TLSVersion?
        for index in stride(from: 1, to: list.count - 1, by: 2) {
            let version = unsafe TLSVersion(rawValue: UInt16(list[index]) << 8 | UInt16(list[index + 1]))
            // Anything above 1.3 is GREASE (RFC 8701) or unknown.
            if version <= .tls13 { highest = max(highest ?? version, version) }
        }
        return highest ?? legacy
    }

    /// Where `name` stands in a list of length-prefixed names.
    private static func range(of name: String, in list: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var index = 0
        while index < list.count {
            let start = index + 1
            let end = start + Int(unsafe list[index])
            guard end <= list.count else { return nil }
            if unsafe list[start..<end].elementsEqual(name.utf8) { return start..<end }
            index = end
        }
        return nil
    }
}
