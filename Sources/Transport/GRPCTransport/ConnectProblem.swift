import Glibc
import NIOCore
import NIOPosix

/// Why there is no connection, in words: NIO's own tell the story of every attempt.
package enum ConnectProblem {
    package static func text(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.last { return text(of: failure.error) }
            return "the name \(error.host) cannot be resolved"
        case let error as IOError:
            // Safe on any thread since glibc 2.32.
            guard let words = unsafe strerror(error.errnoCode) else { return "errno \(error.errnoCode)" }
            return unsafe String(cString: words).lowercased()
        case ChannelError.connectTimeout(let time):
            let milliseconds = time.nanoseconds / 1_000_000
            return "no answer within \(milliseconds < 1_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000) s")"
        default:
            return "\(error)"
        }
    }
}
