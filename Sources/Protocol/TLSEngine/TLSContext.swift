import COpenSSL

/// The settings of one side, ready for many connections: OpenSSL's `SSL_CTX`.
///
/// Make one per listener, and one per peering for dialing; then a `TLSConnection` per TCP connection.
///
/// `@unchecked Sendable`: everything is set in `init` and never changed. An `SSL_CTX` is reference counted with
/// atomics and locks what it changes itself (statistics, caches of the certificate store), and OpenSSL documents that
/// `SSL_new` may be called on it from many threads as long as nobody reconfigures it. Nothing here does after `init`.
@safe
package final class TLSContext: @unchecked Sendable {
    enum Role {
        case client(TLSClientSettings)
        case server(TLSServerSettings)
    }

    let raw: OpaquePointer
    let role: Role

    var settings: TLSSettings {
        switch self.role {
        case .client(let settings): settings.common
        case .server(let settings): settings.common
        }
    }

    /// - Throws: `invalidInput` if there is no root or a setting cannot be used.
    package init(client settings: TLSClientSettings) throws(TLSError) {
        let raw = try unsafe Self.make(settings.common)
        do throws(TLSError) {
            try unsafe Self.trust(settings, in: raw)
            if let identity = settings.identity { try unsafe Self.use(identity, in: raw) }
            let protocols = try Self.encode(settings.common.applicationProtocols)
            // Returns 0 on success, unlike the rest.
            guard unsafe SSL_CTX_set_alpn_protos(raw, protocols, UInt32(protocols.count)) == 0 else {
                throw TLSError.library("could not set the ALPN protocols")
            }
        } catch {
            unsafe SSL_CTX_free(raw)
            throw error
        }
        switch settings.trust {
        case .roots, .system: unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, TLSCallbacks.verify)
        case .anyone: unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nil)
        }
        unsafe self.raw = raw
        self.role = .client(settings)
    }

    /// - Throws: `invalidInput` if a setting cannot be used.
    package init(server settings: TLSServerSettings) throws(TLSError) {
        _ = try Self.encode(settings.common.applicationProtocols)
        let raw = try unsafe Self.make(settings.common)
        do throws(TLSError) {
            try unsafe Self.verify(settings.clients, in: raw)
        } catch {
            unsafe SSL_CTX_free(raw)
            throw error
        }
        unsafe SSL_CTX_set_client_hello_cb(raw, TLSCallbacks.clientHello, nil)
        unsafe hawser_SSL_CTX_set_tlsext_servername_callback(raw, TLSCallbacks.serverName)
        unsafe SSL_CTX_set_alpn_select_cb(raw, TLSCallbacks.selectProtocol, nil)
        unsafe self.raw = raw
        self.role = .server(settings)
    }

    deinit { unsafe SSL_CTX_free(self.raw) }

    /// Ciphers of TLS 1.2 that HTTP/2 allows (RFC 9113 appendix A); AES-128 first, which is the cheapest with
    /// hardware support and what Go's servers choose.
    private static let ciphersOf12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
        + ":ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let ciphersOf13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

    /// A CA plugin may publish an intermediate as its root; Go, and so Consul, trusts it as an anchor.
    static let verificationFlags = UInt(X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST)
    /// RFC 6125: a wildcard only as a whole label; the common name is no host name.
    static let hostFlags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

    private static func make(_ settings: TLSSettings) throws(TLSError) -> OpaquePointer {
        guard settings.versions.lowerBound >= .tls12, settings.versions.upperBound <= .tls13 else {
            throw TLSError(.invalidInput, "TLS versions other than 1.2 and 1.3 are not supported")
        }
        ERR_clear_error()
        guard let raw = unsafe SSL_CTX_new(TLS_method()) else { throw .library("could not make a TLS context") }
        let minimum = Int32(settings.versions.lowerBound.rawValue)
        let maximum = Int32(settings.versions.upperBound.rawValue)
        guard unsafe hawser_SSL_CTX_set_min_proto_version(raw, minimum) == 1,
            unsafe hawser_SSL_CTX_set_max_proto_version(raw, maximum) == 1,
            unsafe SSL_CTX_set_cipher_list(raw, Self.ciphersOf12) == 1,
            unsafe SSL_CTX_set_ciphersuites(raw, Self.ciphersOf13) == 1
        else {
            unsafe SSL_CTX_free(raw)
            throw .library("could not set TLS versions and ciphers")
        }
        // Streams live for days: resumption would only cost memory, and tickets need keys to be rotated.
        unsafe SSL_CTX_set_options(
            raw,
            hawser_SSL_OP_NO_TICKET | hawser_SSL_OP_NO_COMPRESSION | hawser_SSL_OP_NO_RENEGOTIATION
                | hawser_SSL_OP_CIPHER_SERVER_PREFERENCE)
        unsafe hawser_SSL_CTX_set_session_cache_mode(raw, Int(SSL_SESS_CACHE_OFF))
        unsafe SSL_CTX_set_num_tickets(raw, 0)
        // An idle connection then holds no 16 KiB buffers.
        unsafe hawser_SSL_CTX_set_mode(raw, Int(SSL_MODE_RELEASE_BUFFERS))
        return unsafe raw
    }

    private static func trust(_ settings: TLSClientSettings, in raw: OpaquePointer) throws(TLSError) {
        switch settings.trust {
        case .roots:
            guard !settings.roots.isEmpty else {
                throw TLSError(.invalidInput, "a TLS client needs at least one trusted root certificate")
            }
            try unsafe trust(settings.roots, in: raw)
        case .system:
            guard unsafe SSL_CTX_set_default_verify_paths(raw) == 1 else {
                throw .library("could not read the system's trusted certificates")
            }
        case .anyone: break
        }
    }

    private static func use(_ identity: TLSIdentity, in raw: OpaquePointer) throws(TLSError) {
        let overrides: Int32 = 1
        guard
            unsafe SSL_CTX_use_cert_and_key(
                raw, identity.certificate.raw, identity.key.raw, identity.rawIntermediates, overrides) == 1
        else { throw .library("could not use the certificate \(identity.certificate.displayName)") }
    }

    private static func verify(_ clients: TLSServerSettings.Clients, in raw: OpaquePointer) throws(TLSError) {
        switch clients {
        case .anyone:
            // Protocol section 5.2: no client certificate is requested on the peering name.
            unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nil)
        case .certified(let roots):
            guard !roots.isEmpty else {
                throw TLSError(.invalidInput, "clients cannot be verified without a trusted root certificate")
            }
            try unsafe trust(roots, in: raw)
            unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, TLSCallbacks.verify)
        }
    }

    private static func trust(_ roots: [X509Certificate], in raw: OpaquePointer) throws(TLSError) {
        let store = unsafe SSL_CTX_get_cert_store(raw)
        for root in roots {
            guard unsafe X509_STORE_add_cert(store, root.raw) == 1 else {
                throw .library("could not trust the root \(root.displayName)")
            }
        }
        unsafe X509_STORE_set_flags(store, Self.verificationFlags)
    }

    /// ALPN's wire form: each name behind its length.
    static func encode(_ protocols: [String]) throws(TLSError) -> [UInt8] {
        var bytes: [UInt8] = []
        for name in protocols {
            guard let count = UInt8(exactly: name.utf8.count), count > 0 else {
                throw TLSError(.invalidInput, "\"\(name.printable)\" is not an ALPN protocol name of 1 to 255 bytes")
            }
            bytes.append(count)
            bytes.append(contentsOf: name.utf8)
        }
        return bytes
    }
}
