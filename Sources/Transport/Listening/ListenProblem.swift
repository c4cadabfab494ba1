import Glibc
import NIOCore

/// Why a port cannot be listened on, as one sentence that says what to do.
package struct ListenProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was to listen, and the flags that say where.
    package struct Listener: Hashable, Sendable {
        /// Such as `the HTTP API`.
        var name: String
        var hostFlag: String
        var portFlag: String

        package init(name: String, hostFlag: String, portFlag: String) {
            self.name = name
            self.hostFlag = hostFlag
            self.portFlag = portFlag
        }
    }

    package let description: String

    /// - Parameter error: what the bootstrap threw.
    package init(_ error: any Error, of listener: Listener, host: String, port: Int) {
        let failure = "\(listener.name) cannot listen on \(host.contains(":") ? "[\(host)]" : host):\(port)"
        let code = (error as? IOError)?.errnoCode
        switch code {
        case EADDRINUSE:
            description =
                "\(failure): the port is in use by another process. Is another agent running? "
                + "Set another \(listener.portFlag) if so"
        case EADDRNOTAVAIL:
            description = "\(failure): this machine has no such address. Set another \(listener.hostFlag)"
        case EACCES, EPERM:
            description =
                "\(failure): this user may not. Set a \(listener.portFlag) above 1023, or give the daemon the right"
        case .some(let code):
            description = "\(failure): \(Self.words(for: code))"
        case nil:
            description = "\(failure): \(Self.words(for: error)). Look at \(listener.hostFlag)"
        }
    }

    /// - Parameter description: the sentence, for what no bootstrap throws.
    init(_ description: String) {
        self.description = description
    }

    static func words(for code: CInt) -> String {
        // Safe on any thread since glibc 2.32.
        guard let words = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: words).lowercased()
    }

    private static func words(for error: any Error) -> String {
        if let unknown = error as? SocketAddressError.UnknownHost {
            return "the name \(unknown.host) cannot be resolved"
        }
        return "\(error)"
    }
}
