import COpenSSL

/// Puts one certificate together and signs it. A thin layer over `X509_*` that owns the unfinished object.
final class CertificateBuilder {
    /// SHA-256 of the DER SubjectPublicKeyInfo: what Consul uses as subject and authority key identifier.
    let keyIdentifier: [UInt8]
    private let handle: X509Handle
    private var raw: OpaquePointer { unsafe self.handle.raw }

    /// Bits of serial numbers: more than the 64 that RFC 5280 and the CA/Browser Forum ask of random ones, and
    /// positive within 16 bytes.
    private static let serialByteCount = 16

    init(publicKey: PrivateKey) throws(TLSError) {
        let handle = try Self.makeEmpty()
        guard unsafe X509_set_pubkey(handle.raw, publicKey.raw) == 1 else {
            throw .library("could not put a public key into a certificate")
        }
        self.handle = handle
        self.keyIdentifier = try Self.identifier(ofKeyIn: handle)
    }

    init(publicKeyOf certificate: X509Certificate) throws(TLSError) {
        let handle = try Self.makeEmpty()
        guard unsafe X509_set_pubkey(handle.raw, X509_get0_pubkey(certificate.raw)) == 1 else {
            throw .library("could not take the public key of \(certificate.displayName)")
        }
        self.handle = handle
        self.keyIdentifier = try Self.identifier(ofKeyIn: handle)
    }

    private static func makeEmpty() throws(TLSError) -> X509Handle {
        ERR_clear_error()
        guard let raw = unsafe X509_new() else { throw .library("no memory for a certificate") }
        let handle = unsafe X509Handle(owning: raw)
        var serial = try Crypto.randomBytes(Self.serialByteCount)
        // Top bit clear: positive. Next bit set: always the full length.
        serial[0] = serial[0] & 0x7f | 0x40
        guard let number = unsafe BN_bin2bn(serial, Int32(serial.count), nil) else {
            throw .library("no memory for a serial number")
        }
        defer { unsafe BN_free(number) }
        let versionOfV3 = 2
        guard unsafe X509_set_version(raw, versionOfV3) == 1,
            unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(raw)) != nil
        else { throw .library("could not start a certificate") }
        return handle
    }

    private static func identifier(ofKeyIn handle: X509Handle) throws(TLSError) -> [UInt8] {
        guard let key = unsafe X509_get_X509_PUBKEY(handle.raw) else { throw .library("the certificate has no key") }
        var der: UnsafeMutablePointer<UInt8>? = nil
        let count = unsafe i2d_X509_PUBKEY(key, &der)
        guard count > 0, let der = unsafe der else { throw .library("could not encode a public key") }
        defer { unsafe CRYPTO_free(der, nil, 0) }
        return unsafe Crypto.sha256(UnsafeBufferPointer(start: der, count: Int(count)))
    }

    // MARK: - Names and time

    func setSubject(commonName: String) throws(TLSError) {
        // Go writes PrintableString where it can; OpenSSL's default would be UTF8String.
        let type = commonName.utf8.allSatisfy(Self.isPrintableString) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING
        let bytes = Array(commonName.utf8)
        guard let name = unsafe X509_get_subject_name(self.raw),
            unsafe X509_NAME_add_entry_by_NID(name, NID_commonName, type, bytes, Int32(bytes.count), -1, 0) == 1
        else { throw .invalidInput("\"\(commonName.printable)\" cannot be a common name") }
    }

    func setSubject(of certificate: X509Certificate) throws(TLSError) {
        guard unsafe X509_set_subject_name(self.raw, X509_get_subject_name(certificate.raw)) == 1 else {
            throw .library("could not copy a subject")
        }
    }

    func setIssuerToSubject() throws(TLSError) {
        guard unsafe X509_set_issuer_name(self.raw, X509_get_subject_name(self.raw)) == 1 else {
            throw .library("could not set an issuer")
        }
    }

    func setIssuer(to issuer: X509Certificate) throws(TLSError) {
        guard unsafe X509_set_issuer_name(self.raw, X509_get_subject_name(issuer.raw)) == 1 else {
            throw .library("could not set an issuer")
        }
    }

    func setValidity(from notBefore: Int64, to notAfter: Int64) throws(TLSError) {
        guard notAfter > notBefore, let start = Int(exactly: notBefore), let end = Int(exactly: notAfter),
            unsafe ASN1_TIME_set(X509_getm_notBefore(self.raw), start) != nil,
            unsafe ASN1_TIME_set(X509_getm_notAfter(self.raw), end) != nil
        else { throw .invalidInput("a certificate cannot be valid from \(notBefore) to \(notAfter)") }
    }

    // MARK: - Extensions

    func addCAExtensions() throws(TLSError) {
        try self.addKeyUsage([.digitalSignature, .certificateSign, .crlSign])
        try self.addBasicConstraints(isCA: true)
    }

    func addLeafExtensions() throws(TLSError) {
        try self.addKeyUsage([.digitalSignature, .keyEncipherment, .dataEncipherment, .keyAgreement])
        guard let usage = unsafe hawser_EXTENDED_KEY_USAGE_make([NID_client_auth, NID_server_auth], 2) else {
            throw .library("no memory for an extension")
        }
        defer { unsafe EXTENDED_KEY_USAGE_free(usage) }
        try unsafe self.add(NID_ext_key_usage, UnsafeMutableRawPointer(usage), critical: false)
        try self.addBasicConstraints(isCA: false)
    }

    func addKeyIdentifiers(authority: [UInt8]?) throws(TLSError) {
        let own = try unsafe Self.octets(self.keyIdentifier)
        defer { unsafe ASN1_OCTET_STRING_free(own) }
        try unsafe self.add(NID_subject_key_identifier, own, critical: false)
        guard let authority else { return }
        guard let identifier = unsafe AUTHORITY_KEYID_new() else { throw .library("no memory for an extension") }
        // Frees the octets too.
        defer { unsafe AUTHORITY_KEYID_free(identifier) }
        unsafe identifier.pointee.keyid = try Self.octets(authority)
        try unsafe self.add(NID_authority_key_identifier, identifier, critical: false)
    }

    func addNames(dnsNames: [String], uris: [String], critical: Bool) throws(TLSError) {
        guard let names = unsafe hawser_GENERAL_NAMES_new() else { throw .library("no memory for names") }
        defer { unsafe GENERAL_NAMES_free(names) }
        let typed = dnsNames.map { (GEN_DNS, $0) } + uris.map { (GEN_URI, $0) }
        for (type, name) in typed {
            // IA5String: ASCII; a NUL or space in a name is an attack or a mistake.
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                throw .invalidInput("\"\(name.printable)\" cannot be a name in a certificate")
            }
            guard unsafe hawser_GENERAL_NAMES_add(names, type, name, Int32(name.utf8.count)) == 1 else {
                throw .library("no memory for names")
            }
        }
        try unsafe self.add(NID_subject_alt_name, UnsafeMutableRawPointer(names), critical: critical)
    }

    private func addKeyUsage(_ usage: X509Certificate.KeyUsage) throws(TLSError) {
        guard let bits = unsafe ASN1_BIT_STRING_new() else { throw .library("no memory for an extension") }
        defer { unsafe ASN1_BIT_STRING_free(bits) }
        // Bit 0 is the highest of the byte (RFC 5280 section 4.2.1.3).
        for bit in Int32(0)..<8 where usage.rawValue & (0x80 >> UInt32(bit)) != 0 {
            guard unsafe ASN1_BIT_STRING_set_bit(bits, bit, 1) == 1 else { throw .library("no memory for key usage") }
        }
        try unsafe self.add(NID_key_usage, bits, critical: true)
    }

    private func addBasicConstraints(isCA: Bool) throws(TLSError) {
        guard let constraints = unsafe BASIC_CONSTRAINTS_new() else { throw .library("no memory for an extension") }
        defer { unsafe BASIC_CONSTRAINTS_free(constraints) }
        unsafe constraints.pointee.ca = isCA ? 0xff : 0
        try unsafe self.add(NID_basic_constraints, constraints, critical: true)
    }

    private func add(_ nid: Int32, _ value: UnsafeMutableRawPointer, critical: Bool) throws(TLSError) {
        guard unsafe X509_add1_ext_i2d(self.raw, nid, value, critical ? 1 : 0, UInt(X509V3_ADD_DEFAULT)) == 1 else {
            throw .library("could not add extension \(nid) to a certificate")
        }
    }

    /// The caller frees the result.
    private static func octets(_ bytes: [UInt8]) throws(TLSError) -> UnsafeMutablePointer<ASN1_OCTET_STRING> {
        guard let octets = unsafe ASN1_OCTET_STRING_new() else { throw .library("no memory for an extension") }
        guard unsafe ASN1_OCTET_STRING_set(octets, bytes, Int32(bytes.count)) == 1 else {
            unsafe ASN1_OCTET_STRING_free(octets)
            throw .library("no memory for an extension")
        }
        return unsafe octets
    }

    // MARK: - Signature

    func sign(with key: PrivateKey) throws(TLSError) -> X509Certificate {
        guard unsafe X509_sign(self.raw, key.raw, EVP_sha256()) > 0 else {
            throw .library("could not sign a certificate")
        }
        // Read back from DER: the object that was built up keeps caches from before the signature.
        let count = unsafe i2d_X509(self.raw, nil)
        let der = unsafe [UInt8](unsafeUninitializedCapacity: Int(max(count, 0))) { buffer, initialized in
            var cursor = buffer.baseAddress
            initialized = Int(max(unsafe i2d_X509(self.raw, &cursor), 0))
        }
        return try X509Certificate(der: der)
    }

    /// Characters of an ASN.1 PrintableString (X.680 section 41.4).
    private static func isPrintableString(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: " "), UInt8(ascii: "'"), UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: ":"): true
        case UInt8(ascii: "(")...UInt8(ascii: ")"), UInt8(ascii: "+")...UInt8(ascii: "/"): true
        default: false
        }
    }
}
