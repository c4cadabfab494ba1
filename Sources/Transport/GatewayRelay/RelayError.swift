internal import CLinux
internal import Glibc

/// Why the relay cannot do what it was asked to. Equality is on the code.
package struct RelayError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The configuration contradicts itself.
        case configuration
        /// An address cannot be listened on.
        case listen
        /// The system has no descriptors, memory or threads left.
        case resources
    }

    package let code: Code
    /// One sentence that says what to do.
    package let description: String
    /// The error number of the system.
    package let errno: Int32?

    init(_ code: Code, _ description: String, errno: Int32? = nil) {
        self.code = code
        self.description = description
        self.errno = errno
    }

    package static func == (left: RelayError, right: RelayError) -> Bool { left.code == right.code }

    static func listening(on address: RelayAddress, errno: Int32) -> RelayError {
        let failure = "the gateway cannot listen on \(address)"
        let advice =
            switch errno {
            case EADDRINUSE: "the port is in use by another process"
            case EADDRNOTAVAIL: "this machine has no such address"
            case EACCES, EPERM: "this user may not: take a port above 1023, or give the program the right"
            default: words(for: errno)
            }
        return RelayError(.listen, "\(failure): \(advice)", errno: errno)
    }

    static func resources(_ what: String, errno: Int32) -> RelayError {
        RelayError(.resources, "\(what): \(words(for: errno))", errno: errno)
    }

    static func words(for code: Int32) -> String {
        // Safe on any thread since glibc 2.32.
        guard let words = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: words).lowercased()
    }
}

extension RelayFailure {
    /// - Parameter errno: what connecting ended with.
    init(errno: Int32) {
        let code: Code =
            switch errno {
            case ECONNREFUSED: .refused
            case ECONNRESET, EPIPE, ECONNABORTED: .reset
            case ETIMEDOUT: .timeout
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL: .unreachable
            default: .other
            }
        self.init(code: code, description: RelayError.words(for: errno), errno: errno)
    }

    static let timeout = RelayFailure(code: .timeout, description: "the target did not answer in time", errno: nil)
}
