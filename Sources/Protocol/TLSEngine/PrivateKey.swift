import COpenSSL

/// A private key. It never prints itself: its descriptions and mirror show the kind of key only.
///
/// `@unchecked Sendable`: the only stored property is a pointer that is set in `init` and freed in `deinit`; an
/// `EVP_PKEY` is reference counted with atomics, and OpenSSL documents that concurrent use of one for signing is
/// safe as long as nothing changes it. Nothing here does.
@safe
package final class PrivateKey: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    let raw: OpaquePointer

    /// Takes over the caller's reference.
    init(owning raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe EVP_PKEY_free(self.raw) }

    /// A new key on the curve P-256, as Consul's built-in CA makes them (protocol section 10).
    package static func generateP256() throws(TLSError) -> PrivateKey {
        ERR_clear_error()
        guard let raw = unsafe hawser_EVP_EC_gen("P-256") else { throw .library("could not make a P-256 key") }
        return unsafe PrivateKey(owning: raw)
    }

    /// Reads the first private key of `pem` (PKCS#8, SEC1 or PKCS#1, not encrypted).
    ///
    /// - Throws: `TLSError.Code.invalidInput`; the text of the key is no part of the error.
    package convenience init(pem: String) throws(TLSError) {
        ERR_clear_error()
        var pem = pem
        let raw: OpaquePointer? = pem.withUTF8 { bytes in
            guard bytes.count <= X509Certificate.pemByteLimit,
                let bio = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            else { return nil }
            defer { unsafe BIO_free(bio) }
            // Without a callback OpenSSL would ask for a passphrase on the terminal.
            return unsafe PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let raw = unsafe raw else {
            throw .invalidInput("the PEM text holds no usable private key (encrypted keys are not supported)")
        }
        unsafe self.init(owning: raw)
    }

    /// The key as PKCS#8 PEM with a final newline. The result is a secret: store it, never log it.
    package func exportPEM() throws(TLSError) -> String {
        ERR_clear_error()
        guard let bio = unsafe BIO_new(BIO_s_secmem()) else { throw .library("no memory for a key") }
        defer { unsafe BIO_free(bio) }
        guard unsafe PEM_write_bio_PrivateKey(bio, self.raw, nil, nil, 0, nil, nil) == 1 else {
            throw .library("could not write a private key")
        }
        return unsafe bio.memoryText
    }

    /// Whether both are the same key pair.
    package func matches(_ certificate: X509Certificate) -> Bool {
        ERR_clear_error()
        let matches = unsafe X509_check_private_key(certificate.raw, self.raw) == 1
        ERR_clear_error()
        return matches
    }

    package var description: String {
        let kind = unsafe EVP_PKEY_get0_type_name(self.raw).map { unsafe String(cString: $0) } ?? "unknown"
        return "PrivateKey(\(kind), \(unsafe EVP_PKEY_get_bits(self.raw)) bits)"
    }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension OpaquePointer {
    /// The text that a memory BIO holds. Only for pointers to such BIOs.
    var memoryText: String {
        var bytes: UnsafeMutablePointer<CChar>? = nil
        let count = unsafe hawser_BIO_get_mem_data(self, &bytes)
        guard let bytes = unsafe bytes, count > 0 else { return "" }
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: count), as: UTF8.self)
    }
}
