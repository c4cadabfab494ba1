import COpenSSL

/// Who a server says it is: a leaf, the intermediates that are sent with it, and the leaf's key.
///
/// Made once per renewal and shared by all handshakes that choose it; connections that are up keep the one they
/// began with. The root is never among the intermediates (protocol section 5.2).
///
/// `@unchecked Sendable`: all properties are set in `init` and never changed; the stack of intermediates is read
/// only by `SSL_use_cert_and_key`, which copies it and counts references with atomics.
@safe
package final class TLSIdentity: @unchecked Sendable, CustomStringConvertible {
    package let certificate: X509Certificate
    package let intermediates: [X509Certificate]
    let key: PrivateKey
    /// `STACK_OF(X509)` with a reference of its own to each intermediate.
    let rawIntermediates: OpaquePointer

    /// - Throws: `invalidInput` if the key is not the certificate's.
    package init(
        certificate: X509Certificate, intermediates: [X509Certificate] = [], key: PrivateKey
    ) throws(TLSError) {
        guard key.matches(certificate) else {
            throw .invalidInput("the private key does not belong to the certificate \(certificate.displayName)")
        }
        guard let stack = unsafe hawser_sk_X509_new_null() else { throw .library("no memory for a chain") }
        for intermediate in intermediates {
            guard unsafe hawser_sk_X509_push_up_ref(stack, intermediate.raw) == 1 else {
                unsafe hawser_sk_X509_pop_free(stack)
                throw .library("no memory for a chain")
            }
        }
        self.certificate = certificate
        self.intermediates = intermediates
        self.key = key
        unsafe self.rawIntermediates = stack
    }

    /// Reads an identity from PEM texts: `chain` is the leaf first, then its intermediates.
    package convenience init(chainPEM chain: String, keyPEM: String) throws(TLSError) {
        let certificates = try X509Certificate.parsePEM(chain)
        try self.init(
            certificate: certificates[0], intermediates: Array(certificates.dropFirst()),
            key: PrivateKey(pem: keyPEM))
    }

    deinit { unsafe hawser_sk_X509_pop_free(self.rawIntermediates) }

    package var description: String { "TLSIdentity(\(self.certificate.displayName))" }
}
