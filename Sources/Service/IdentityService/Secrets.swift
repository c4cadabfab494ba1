package import IdentityCore
import TLSEngine

/// Random IDs and secrets from OpenSSL's generator.
package enum Secrets {
    /// - Throws: if the system has no entropy to give.
    package static func makeID() throws(Refusal) -> String {
        do throws(TLSError) {
            return RandomID.text(from: try Crypto.randomBytes(16))
        } catch {
            throw Refusal(.failed, "no random numbers: \(error)")
        }
    }

    package static func digest(of secret: String) -> SecretDigest {
        SecretDigest(bytes: Crypto.sha256(secret.utf8))
    }
}
