/// Why a command was refused: a code for programs, and one sentence for people, in the words that clients of the
/// field know where there are such.
package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The caller's words are off; saying it again will not help.
        case invalid
        /// There is no such thing.
        case notFound
        /// What is stored does not allow it.
        case conflict
        /// The other side refused the secret: a new token is needed.
        case denied
        /// What is asked for is switched off.
        case disabled
        /// The other side could not be reached, or is not ready.
        case unavailable
        /// Our own fault, or our disk's.
        case failed
        /// Consul has it, and this program does not.
        case absent
    }

    package var code: Code
    package var message: String
    /// A word for programs that says more than the code, where there is one.
    package var reason: String?

    package init(_ code: Code, _ message: String, reason: String? = nil) {
        self.code = code
        self.message = message
        self.reason = reason
    }

    package var description: String { message }
}
