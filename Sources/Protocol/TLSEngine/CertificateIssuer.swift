import COpenSSL

/// A CA: its certificate and key, and what it signs.
///
/// The certificates have the form of Consul's built-in CA (protocol sections 5.2 and 10): SHA-256 signatures, key
/// identifiers that are the SHA-256 of the public key, random serial numbers of 127 bits, and UTC seconds that the
/// caller gives. Immutable and usable on any thread.
package struct CertificateIssuer: Sendable {
    /// What a leaf certificate is for. Subject stays empty, so the names are in the critical SAN extension.
    package struct LeafRequest: Sendable {
        /// DNS names, such as `server.<dc>.peering.<trust domain>`.
        package var dnsNames: [String]
        /// URI names, such as `spiffe://<trust domain>/agent/server/dc/<dc>`.
        package var uris: [String]
        /// Now, in seconds since 1970. The certificate is valid from one minute before it, for peers' clocks.
        package var now: Int64
        /// Seconds from the start to the end; Consul's default is 72 hours.
        package var lifetime: Int64

        package init(dnsNames: [String], uris: [String], now: Int64, lifetime: Int64 = 72 * 3600) {
            self.dnsNames = dnsNames
            self.uris = uris
            self.now = now
            self.lifetime = lifetime
        }
    }

    /// How far before `now` a certificate starts to be valid, in seconds.
    package static let clockAllowance: Int64 = 60

    package let certificate: X509Certificate
    package let key: PrivateKey

    /// - Throws: `invalidInput` if the key is not the certificate's, or the certificate is not a CA's.
    package init(certificate: X509Certificate, key: PrivateKey) throws(TLSError) {
        guard key.matches(certificate) else {
            throw .invalidInput("the private key does not belong to the certificate \(certificate.displayName)")
        }
        guard certificate.isCA else {
            throw .invalidInput("the certificate \(certificate.displayName) is not a CA's and cannot sign others")
        }
        self.certificate = certificate
        self.key = key
    }

    /// Makes a new self-signed root with a new P-256 key.
    ///
    /// - Parameters:
    ///   - commonName: `pri-<8 base36>.consul.ca.<first 8 of cluster UUID>.consul`, made by the caller.
    ///   - uri: `spiffe://<trust domain>`.
    ///   - now: seconds since 1970.
    ///   - lifetime: seconds from the start to the end; Consul's `root_cert_ttl` is 87600 hours.
    package static func makeRoot(
        commonName: String, uri: String, now: Int64, lifetime: Int64 = 87_600 * 3600
    ) throws(TLSError) -> CertificateIssuer {
        let key = try PrivateKey.generateP256()
        let builder = try CertificateBuilder(publicKey: key)
        try builder.setSubject(commonName: commonName)
        try builder.setIssuerToSubject()
        try builder.setValidity(from: now - Self.clockAllowance, to: now - Self.clockAllowance + lifetime)
        try builder.addCAExtensions()
        try builder.addKeyIdentifiers(authority: builder.keyIdentifier)
        try builder.addNames(dnsNames: [], uris: [uri], critical: false)
        return try CertificateIssuer(certificate: builder.sign(with: key), key: key)
    }

    /// Issues a certificate for a server's (or mesh client's) key: not a CA, for server and client authentication.
    package func issueLeaf(_ request: LeafRequest, for key: PrivateKey) throws(TLSError) -> X509Certificate {
        guard !request.dnsNames.isEmpty || !request.uris.isEmpty else {
            throw .invalidInput("a leaf certificate needs at least one DNS name or URI")
        }
        let builder = try CertificateBuilder(publicKey: key)
        try builder.setIssuer(to: self.certificate)
        let start = request.now - Self.clockAllowance
        try builder.setValidity(from: start, to: start + request.lifetime)
        try builder.addLeafExtensions()
        try builder.addKeyIdentifiers(authority: self.certificate.subjectKeyID)
        // RFC 5280 section 4.2.1.6: critical because the subject is empty.
        try builder.addNames(dnsNames: request.dnsNames, uris: request.uris, critical: true)
        return try builder.sign(with: self.key)
    }

    /// Issues an identity: a new P-256 key and its leaf, with `intermediates` to be sent along.
    package func issueIdentity(
        _ request: LeafRequest, intermediates: [X509Certificate] = []
    ) throws(TLSError) -> TLSIdentity {
        let key = try PrivateKey.generateP256()
        let leaf = try self.issueLeaf(request, for: key)
        return try TLSIdentity(certificate: leaf, intermediates: intermediates, key: key)
    }

    /// Signs another root's name and key with this one, as an intermediate: while a root is rotated, leaves of the
    /// new root carry it so that peers that know only the old root still trust them (protocol section 10, Rotation).
    package func crossSign(_ root: X509Certificate, now: Int64, lifetime: Int64) throws(TLSError) -> X509Certificate {
        let builder = try CertificateBuilder(publicKeyOf: root)
        try builder.setSubject(of: root)
        try builder.setIssuer(to: self.certificate)
        try builder.setValidity(from: now - Self.clockAllowance, to: now + lifetime)
        try builder.addCAExtensions()
        try builder.addKeyIdentifiers(authority: self.certificate.subjectKeyID)
        try builder.addNames(dnsNames: root.dnsNames, uris: root.uris, critical: false)
        return try builder.sign(with: self.key)
    }
}
