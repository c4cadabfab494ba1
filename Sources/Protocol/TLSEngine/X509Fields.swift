import COpenSSL

/// The fields of a certificate, copied out of the C object.
struct X509Fields {
    var subject: String
    var commonName: String?
    var issuer: String
    var issuerCommonName: String?
    var serialNumber: String
    var notBefore: Int64
    var notAfter: Int64
    var dnsNames: [String] = []
    var uris: [String] = []
    var isSubjectAltNameCritical = false
    var isCA: Bool
    var keyUsage: X509Certificate.KeyUsage?
    var extendedKeyUsage: X509Certificate.ExtendedKeyUsage?
    var subjectKeyID: [UInt8]?
    var authorityKeyID: [UInt8]?
    var sha256Fingerprint: [UInt8]

    init(_ raw: OpaquePointer) {
        // Fills the cache of decoded extensions that the getters below read.
        unsafe X509_check_purpose(raw, -1, 0)
        unsafe (self.subject, self.commonName) = Self.name(X509_get_subject_name(raw))
        unsafe (self.issuer, self.issuerCommonName) = Self.name(X509_get_issuer_name(raw))
        self.serialNumber = unsafe Self.hexadecimal(X509_get0_serialNumber(raw))
        self.notBefore = unsafe Self.seconds(X509_get0_notBefore(raw))
        self.notAfter = unsafe Self.seconds(X509_get0_notAfter(raw))
        let flags = unsafe X509_get_extension_flags(raw)
        self.isCA = flags & UInt32(EXFLAG_CA) != 0
        if flags & UInt32(EXFLAG_KUSAGE) != 0 {
            self.keyUsage = unsafe X509Certificate.KeyUsage(rawValue: X509_get_key_usage(raw) & 0xff)
        }
        if flags & UInt32(EXFLAG_XKUSAGE) != 0 {
            // OpenSSL's bits for server and client authentication are 1 and 2, as ours.
            self.extendedKeyUsage = unsafe X509Certificate.ExtendedKeyUsage(
                rawValue: X509_get_extended_key_usage(raw) & UInt32(XKU_SSL_SERVER | XKU_SSL_CLIENT))
        }
        self.subjectKeyID = unsafe Self.bytes(X509_get0_subject_key_id(raw))
        self.authorityKeyID = unsafe Self.bytes(X509_get0_authority_key_id(raw))
        self.sha256Fingerprint = unsafe Self.fingerprint(raw)
        unsafe self.readAlternativeNames(raw)
    }

    private mutating func readAlternativeNames(_ raw: OpaquePointer) {
        var critical: Int32 = 0
        guard let found = unsafe X509_get_ext_d2i(raw, NID_subject_alt_name, &critical, nil) else { return }
        let names = OpaquePointer(found)
        defer { unsafe GENERAL_NAMES_free(names) }
        self.isSubjectAltNameCritical = critical == 1
        let count = unsafe hawser_sk_GENERAL_NAME_num(names)
        for index in 0..<count {
            var type: Int32 = 0
            guard let text = unsafe hawser_GENERAL_NAME_ia5(names, index, &type) else { continue }
            let value = unsafe String(decoding: Self.buffer(text), as: UTF8.self)
            if type == GEN_DNS { self.dnsNames.append(value) } else { self.uris.append(value) }
        }
    }

    private static func name(_ name: OpaquePointer?) -> (line: String, commonName: String?) {
        guard let name = unsafe name, let bio = unsafe BIO_new(BIO_s_mem()) else { return ("", nil) }
        defer { unsafe BIO_free(bio) }
        // RFC 2253 escapes, so that a peer's certificate cannot put control characters into our logs.
        let flags = hawser_X509_NAME_FLAGS
        _ = unsafe X509_NAME_print_ex(bio, name, 0, flags)
        let line = unsafe bio.memoryText
        let index = unsafe X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        guard index >= 0, let entry = unsafe X509_NAME_get_entry(name, index),
            let data = unsafe X509_NAME_ENTRY_get_data(entry)
        else { return (line, nil) }
        return (line, unsafe String(decoding: Self.buffer(data), as: UTF8.self))
    }

    private static func hexadecimal(_ integer: UnsafePointer<ASN1_INTEGER>?) -> String {
        guard let integer = unsafe integer, let number = unsafe ASN1_INTEGER_to_BN(integer, nil) else { return "" }
        defer { unsafe BN_free(number) }
        guard let text = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe CRYPTO_free(text, nil, 0) }
        return unsafe String(cString: text).lowercased()
    }

    /// Seconds since 1970. A time that cannot be read counts as 1970: then the certificate is never valid.
    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return 0 }
        defer { unsafe ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let time = unsafe time, unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }

    private static func fingerprint(_ raw: OpaquePointer) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, initialized in
            var count: UInt32 = 0
            let done = unsafe X509_digest(raw, EVP_sha256(), buffer.baseAddress, &count)
            initialized = done == 1 ? Int(count) : 0
        }
    }

    private static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8]? {
        unsafe string.map { unsafe [UInt8](Self.buffer($0)) }
    }

    /// The bytes of an ASN.1 string, valid as long as the string is.
    private static func buffer(_ string: UnsafePointer<ASN1_STRING>) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
    }
}
