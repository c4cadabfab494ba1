import COpenSSL

/// A version of the protocol, by its number on the wire. Ordered.
package struct TLSVersion: RawRepresentable, Sendable, Hashable, Comparable, CustomStringConvertible {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let tls10 = TLSVersion(rawValue: 0x0301)
    package static let tls11 = TLSVersion(rawValue: 0x0302)
    package static let tls12 = TLSVersion(rawValue: 0x0303)
    package static let tls13 = TLSVersion(rawValue: 0x0304)

    package static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }

    package var description: String {
        switch self {
        case .tls10: "TLS 1.0"
        case .tls11: "TLS 1.1"
        case .tls12: "TLS 1.2"
        case .tls13: "TLS 1.3"
        default: self.rawValue == 0x0300 ? "SSL 3.0" : "version 0x\(String(self.rawValue, radix: 16))"
        }
    }
}

/// What is the same for both sides.
package struct TLSSettings: Sendable {
    /// Lowest and highest version. The lowest allowed is TLS 1.2 (protocol section 5.3); 1.3 is the normal result.
    package var versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    /// ALPN protocols in order of preference (RFC 7301).
    package var applicationProtocols: [String] = ["h2"]
    /// Whether a handshake without a common ALPN protocol fails. Off by default: Consul up to 1.16 selects none
    /// though the dialer offers `h2` (protocol section 5.3).
    package var requiresApplicationProtocol = false

    package init() {}
}

/// How a client verifies the server.
package struct TLSClientSettings: Sendable {
    /// Whom a client believes.
    package enum Trust: Sendable {
        /// Who has a certificate from one of `roots`, and nobody else.
        case roots
        /// Who has one from the system's authorities.
        case system
        /// Anyone: the connection is private, and with whom is not known.
        case anyone
    }

    package var common = TLSSettings()
    package var trust = Trust.roots
    /// The trust anchors for `Trust.roots`. As in Go, each is trusted whether self-signed or not.
    package var roots: [X509Certificate]
    /// The time at which certificates are judged, seconds since 1970. Nil means the system's clock.
    package var verificationTime: (@Sendable () -> Int64)?
    /// Who the client says it is, to a server that asks; nil for nobody.
    package var identity: TLSIdentity?

    package init(roots: [X509Certificate]) { self.roots = roots }

    /// - Parameter trust: without roots of our own.
    package init(trust: Trust) {
        self.roots = []
        self.trust = trust
    }
}

/// How a server finds its certificate.
package struct TLSServerSettings: Sendable {
    /// Chooses the identity for one handshake by the name that the client asked for (SNI): lower-case, without a
    /// trailing dot; nil if it asked for none. Nil refuses the handshake with `unrecognized_name`.
    ///
    /// Asked for every handshake, on its event loop: it must be quick and never block. Whoever renews the
    /// certificate lets it return the new one from then on; connections that are up are not touched.
    package typealias IdentitySelector = @Sendable (_ serverName: String?) -> TLSIdentity?

    /// Whether clients have to say who they are.
    package enum Clients: Sendable {
        /// No certificate is asked for.
        case anyone
        /// Only who has a certificate from one of these roots.
        case certified([X509Certificate])
    }

    package var common = TLSSettings()
    package var identity: IdentitySelector
    package var clients = Clients.anyone

    package init(identity: @escaping IdentitySelector) { self.identity = identity }
}

/// What a peer may make one connection hold.
package struct TLSLimits: Sendable {
    /// Bytes of handshake that are read before it must be complete. A hello is about 500 bytes, a server's flight
    /// with three certificates about 4 KiB; 64 KiB leaves room for long chains.
    package var handshakeBytes = 64 * 1024
    /// Plaintext that waits for the handshake, written by our own side before it is complete.
    package var pendingPlaintextBytes = 1024 * 1024
    /// Bytes of answers that reading may cause over the life of a connection once it is up. Answers are replies to
    /// key updates of about 30 bytes; an honest peer asks once in 2^24 records.
    package var answerBytes = 32 * 1024

    package init() {}
}

/// What two sides agreed on.
package struct TLSSessionInfo: Sendable, Hashable, CustomStringConvertible {
    /// The name that was asked for (SNI): sent by us as client, received as server. Lower-case, no trailing dot.
    package let serverName: String?
    /// The ALPN protocol that the server selected; nil if it selected none.
    package let applicationProtocol: String?
    package let version: TLSVersion
    /// Name of the cipher suite in OpenSSL's spelling, such as `TLS_AES_128_GCM_SHA256`.
    package let cipher: String
    /// The other side's leaf; nil if it was not asked for one.
    package let peerCertificate: X509Certificate?

    package var description: String {
        "\(self.version), \(self.cipher), ALPN \(self.applicationProtocol ?? "none"), SNI \(self.serverName ?? "none")"
    }
}

/// A host name as TLS wants it.
enum ServerName {
    /// Longest DNS name.
    private static let lengthLimit = 253

    /// Lower-case without the trailing dot (RFC 6066 section 3: no trailing dot, compared without case).
    static func normalize(_ name: String) -> String {
        var bytes = name.utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Throws: `invalidInput` if `name` cannot be a host name.
    static func validate(_ name: String) throws(TLSError) -> String {
        let normal = Self.normalize(name)
        guard !normal.isEmpty, normal.utf8.count <= Self.lengthLimit,
            normal.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw TLSError(.invalidInput, "\"\(name.printable)\" is not a host name that can be verified") }
        return normal
    }

    /// Whether `name` is an IP address, which may not be sent as SNI.
    static func isAddress(_ name: String) -> Bool {
        ERR_clear_error()
        guard let address = unsafe a2i_IPADDRESS(name) else {
            ERR_clear_error()
            return false
        }
        unsafe ASN1_OCTET_STRING_free(address)
        return true
    }
}
