import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why the daemon could not be asked, or said no.
struct ClientError: Error, Hashable {
    enum Code: Hashable {
        /// Nothing listens there, or it cannot be reached.
        case unreachable
        case timedOut
        /// The connection ended in the middle.
        case disconnected
        /// What came back is no HTTP, or too long, or not the JSON that belongs there.
        case malformed
        /// The daemon answered with this status.
        case refused(status: Int)
    }

    var code: Code
    /// One sentence for people. For `refused`, the daemon's own words.
    var sentence: String

    init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    var isNotFound: Bool { code == .refused(status: 404) }

    /// As the end of a command. What the daemon refused is told after what was tried; anything else speaks for
    /// itself.
    func failure(_ attempt: String) -> CommandFailure {
        switch code {
        case .refused: CommandFailure("\(attempt): \(sentence)")
        case .unreachable, .timedOut, .disconnected, .malformed: CommandFailure("hawser: \(sentence)")
        }
    }
}

extension ClientError {
    static func noDaemon(at address: DaemonAddress) -> ClientError {
        ClientError(
            .unreachable,
            "no daemon answers at \(address): is `hawser agent` running? "
                + "Set --http-addr or HAWSER_HTTP_ADDR if it listens elsewhere.")
    }

    /// Puts what went wrong below into a sentence.
    init(_ error: any Error, address: DaemonAddress) {
        switch error {
        case let error as ClientError:
            self = error
        case let error as NIOConnectionError:
            self.init(connecting: error, address: address)
        case let error as IOError:
            self = Self.connection(errno: error.errnoCode, address: address)
        case ChannelError.connectTimeout:
            self.init(.timedOut, "\(address) does not answer: the connection could not be made in time")
        case is HTTPParserError:
            self.init(.malformed, "what listens at \(address) does not speak HTTP: is the port that of the HTTP API?")
        case is ChannelError, is CancellationError:
            self.init(.disconnected, "the daemon at \(address) closed the connection")
        default:
            self.init(.disconnected, "the connection to \(address) failed: \(error)")
        }
    }

    private init(connecting error: NIOConnectionError, address: DaemonAddress) {
        guard let attempt = error.connectionErrors.first else {
            self.init(.unreachable, "the host of \(address) cannot be found: check the name in the address")
            return
        }
        self.init(attempt.error, address: address)
    }

    private static func connection(errno code: Int32, address: DaemonAddress) -> ClientError {
        switch code {
        case ECONNREFUSED:
            return noDaemon(at: address)
        case ECONNRESET, EPIPE:
            return ClientError(.disconnected, "the daemon at \(address) closed the connection")
        default:
            return ClientError(.unreachable, "\(address) cannot be reached: \(SystemFiles.reason(code))")
        }
    }
}
