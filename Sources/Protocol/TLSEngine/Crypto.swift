import COpenSSL

/// The few cryptographic helpers that the rest of the program needs, from the one crypto library of the binary.
///
/// All functions are pure and may be called on any thread.
package enum Crypto {
    /// SHA-256 of `bytes`: 32 bytes.
    package static func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let contiguous = Array(bytes)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        unsafe contiguous.withUnsafeBytes { input in
            unsafe digest.withUnsafeMutableBufferPointer { output in
                // The one-shot digest of a built-in algorithm cannot fail for lack of anything but memory.
                let done = unsafe EVP_Digest(input.baseAddress, input.count, output.baseAddress, nil, EVP_sha256(), nil)
                precondition(done == 1, "SHA-256 is not available in the system's OpenSSL")
            }
        }
        return digest
    }

    /// Whether both hold the same bytes, in a time that depends only on their lengths.
    ///
    /// For secrets and tokens: an ordinary comparison tells an attacker how many leading bytes were right.
    package static func constantTimeEquals(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
        let left = Array(left)
        let right = Array(right)
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { leftBytes in
            unsafe right.withUnsafeBytes { rightBytes in
                guard let first = leftBytes.baseAddress, let second = rightBytes.baseAddress else { return true }
                return unsafe CRYPTO_memcmp(first, second, leftBytes.count) == 0
            }
        }
    }

    /// `count` bytes from the library's cryptographically secure generator.
    ///
    /// - Throws: `TLSError.Code.library` when the system has no entropy to give; never weak bytes.
    package static func randomBytes(_ count: Int) throws(TLSError) -> [UInt8] {
        precondition(count >= 0 && count <= Int(Int32.max))
        var bytes = [UInt8](repeating: 0, count: count)
        ERR_clear_error()
        let done = unsafe bytes.withUnsafeMutableBufferPointer { unsafe RAND_bytes($0.baseAddress, Int32($0.count)) }
        guard done == 1 else { throw .library("the system's random generator gave no bytes") }
        return bytes
    }
}
