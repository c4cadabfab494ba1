import COpenSSL

/// An X.509 certificate with the fields that peering needs, read once when it is made.
///
/// A value that shares one C object. Two are equal when their DER bytes are (compared by SHA-256).
/// `pem` and `der` give the certificate back; `pem` ends in a newline, as Consul's tokens want it
/// (protocol section 1.1).
package struct X509Certificate: Sendable, Hashable, CustomStringConvertible {
    /// What a certificate's key may be used for (RFC 5280 section 4.2.1.3), with OpenSSL's bits.
    package struct KeyUsage: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let digitalSignature = KeyUsage(rawValue: 0x80)
        package static let keyEncipherment = KeyUsage(rawValue: 0x20)
        package static let dataEncipherment = KeyUsage(rawValue: 0x10)
        package static let keyAgreement = KeyUsage(rawValue: 0x08)
        package static let certificateSign = KeyUsage(rawValue: 0x04)
        package static let crlSign = KeyUsage(rawValue: 0x02)
    }

    /// The purposes in the extended key usage extension that matter here (RFC 5280 section 4.2.1.12).
    package struct ExtendedKeyUsage: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let serverAuth = ExtendedKeyUsage(rawValue: 0x1)
        package static let clientAuth = ExtendedKeyUsage(rawValue: 0x2)
    }

    /// Longest PEM text that is looked at, in bytes: a trust bundle comes from a peer, and a root takes about 800.
    package static let pemByteLimit = 1 << 20
    /// Most certificates in one PEM text; more is not a bundle of roots.
    package static let pemCertificateLimit = 256

    private let handle: X509Handle

    /// One line such as `CN=pri-1.consul.ca.2.consul`; empty for Consul's leaf certificates.
    package let subject: String
    /// The first common name of the subject.
    package let commonName: String?
    package let issuer: String
    package let issuerCommonName: String?
    /// Serial number as lower-case hexadecimal digits.
    package let serialNumber: String
    /// Start and end of validity, seconds since 1970. The end second is still valid.
    package let notBefore: Int64
    package let notAfter: Int64
    package let dnsNames: [String]
    package let uris: [String]
    package let isSubjectAltNameCritical: Bool
    package let isCA: Bool
    /// Nil if the extension is absent, which allows every use.
    package let keyUsage: KeyUsage?
    package let extendedKeyUsage: ExtendedKeyUsage?
    package let subjectKeyID: [UInt8]?
    package let authorityKeyID: [UInt8]?
    /// SHA-256 of the DER bytes.
    package let sha256Fingerprint: [UInt8]

    /// Takes over the caller's reference.
    init(owning raw: OpaquePointer) {
        self.handle = unsafe X509Handle(owning: raw)
        let fields = unsafe X509Fields(raw)
        self.subject = fields.subject
        self.commonName = fields.commonName
        self.issuer = fields.issuer
        self.issuerCommonName = fields.issuerCommonName
        self.serialNumber = fields.serialNumber
        self.notBefore = fields.notBefore
        self.notAfter = fields.notAfter
        self.dnsNames = fields.dnsNames
        self.uris = fields.uris
        self.isSubjectAltNameCritical = fields.isSubjectAltNameCritical
        self.isCA = fields.isCA
        self.keyUsage = fields.keyUsage
        self.extendedKeyUsage = fields.extendedKeyUsage
        self.subjectKeyID = fields.subjectKeyID
        self.authorityKeyID = fields.authorityKeyID
        self.sha256Fingerprint = fields.sha256Fingerprint
        ERR_clear_error()
    }

    /// Adds a reference to a certificate that someone else owns.
    init(sharing raw: OpaquePointer) {
        unsafe X509_up_ref(raw)
        unsafe self.init(owning: raw)
    }

    /// Reads one certificate from DER. Bytes after it are refused.
    package init(der: [UInt8]) throws(TLSError) {
        ERR_clear_error()
        let raw = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            guard bytes.count <= Self.pemByteLimit else { return nil }
            var cursor = bytes.baseAddress
            guard let raw = unsafe d2i_X509(nil, &cursor, bytes.count) else { return nil }
            guard unsafe cursor == bytes.baseAddress?.advanced(by: bytes.count) else {
                unsafe X509_free(raw)
                return nil
            }
            return unsafe raw
        }
        guard let raw = unsafe raw else { throw .invalidInput("the bytes are not one DER certificate") }
        unsafe self.init(owning: raw)
    }

    /// Reads the certificates of a PEM text in their order. Text around the blocks and blocks of other kinds are
    /// skipped; a damaged block is an error, and so is a text without a certificate.
    package static func parsePEM(_ text: String) throws(TLSError) -> [X509Certificate] {
        var text = text
        ERR_clear_error()
        let outcome: Result<[X509Certificate], TLSError> = text.withUTF8 { bytes in
            guard bytes.count <= Self.pemByteLimit else {
                return .failure(.invalidInput("the PEM text is longer than \(Self.pemByteLimit) bytes"))
            }
            guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else {
                return .failure(.invalidInput("the PEM text holds no certificate"))
            }
            defer { unsafe BIO_free(bio) }
            return unsafe Self.readAll(from: bio)
        }
        return try outcome.get()
    }

    private static func readAll(from bio: OpaquePointer) -> Result<[X509Certificate], TLSError> {
        var certificates: [X509Certificate] = []
        while let raw = unsafe PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil) {
            guard certificates.count < Self.pemCertificateLimit else {
                unsafe X509_free(raw)
                return .failure(.invalidInput("the PEM text holds more than \(Self.pemCertificateLimit) certificates"))
            }
            certificates.append(unsafe X509Certificate(owning: raw))
        }
        let last = ERR_peek_last_error()
        guard ERR_GET_LIB(last) == ERR_LIB_PEM, ERR_GET_REASON(last) == PEM_R_NO_START_LINE else {
            return .failure(.invalidInput("certificate \(certificates.count + 1) of the PEM text is damaged"))
        }
        ERR_clear_error()
        guard !certificates.isEmpty else { return .failure(.invalidInput("the PEM text holds no certificate")) }
        return .success(certificates)
    }

    /// The certificate as PEM, ending in a newline.
    package var pem: String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        guard unsafe PEM_write_bio_X509(bio, self.raw) == 1 else { return "" }
        return unsafe bio.memoryText
    }

    package var der: [UInt8] {
        let count = unsafe i2d_X509(self.raw, nil)
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
            var cursor = buffer.baseAddress
            initialized = Int(unsafe i2d_X509(self.raw, &cursor))
        }
    }

    /// Whether `issuer`'s key made this certificate's signature. Says nothing about names, time or constraints.
    package func isSigned(by issuer: X509Certificate) -> Bool {
        ERR_clear_error()
        guard let key = unsafe X509_get0_pubkey(issuer.raw) else { return false }
        let verified = unsafe X509_verify(self.raw, key) == 1
        ERR_clear_error()
        return verified
    }

    /// Subject, names and validity in one line, for logs and errors.
    package var description: String {
        let name = self.displayName
        return "\(name) (issuer \(self.issuer), serial \(self.serialNumber))"
    }

    /// The shortest text by which a person knows the certificate: its common name, else its first DNS name or URI.
    package var displayName: String {
        if let commonName { return "CN=\(commonName.printable)" }
        return (self.dnsNames.first ?? self.uris.first)?.printable
            ?? (self.subject.isEmpty ? "(no name)" : self.subject)
    }

    package static func == (left: X509Certificate, right: X509Certificate) -> Bool {
        left.sha256Fingerprint == right.sha256Fingerprint
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.sha256Fingerprint) }

    /// Valid while this value lives: use it within one expression or `withExtendedLifetime`.
    var raw: OpaquePointer { unsafe self.handle.raw }
}

/// Owner of one `X509`.
///
/// `@unchecked Sendable`: the pointer never changes; the object is reference counted with atomics and its caches of
/// decoded extensions are filled under its own lock. Nothing here changes it after it was read or signed.
@safe
final class X509Handle: @unchecked Sendable {
    let raw: OpaquePointer

    init(owning raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe X509_free(self.raw) }
}
