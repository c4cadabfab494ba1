import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import TLSEngine

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

    /// With TLS 1.3 a daemon that wants a certificate may be gone before its refusal is read.
    static func closed(by address: DaemonAddress) -> ClientError {
        let advice = address.isSecure ? ". If it wants a certificate, name one with -client-cert and -client-key" : ""
        return ClientError(.disconnected, "the daemon at \(address) closed the connection\(advice)")
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
        case let error as TLSError:
            self = Self.insecure(error, address: address)
        case HTTPParserError.invalidEOFState:
            // Killed in the middle of its answer.
            self = .closed(by: address)
        case is HTTPParserError:
            self.init(.malformed, "what listens at \(address) does not speak HTTP: is the port that of the HTTP API?")
        case is ChannelError, is CancellationError:
            self = .closed(by: address)
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

    private static func insecure(_ error: TLSError, address: DaemonAddress) -> ClientError {
        let failure = "no secure connection to \(address): \(error.message)"
        switch error.code {
        case .certificateUntrusted:
            return ClientError(.unreachable, "\(failure). Name the CA of its certificate with -ca-file")
        case .certificateNameMismatch:
            return ClientError(.unreachable, "\(failure). Name what it is for with -tls-server-name")
        case .peerAlert where error.alert == 116:
            return ClientError(.unreachable, "\(failure). Name one with -client-cert and -client-key")
        case .notTLS:
            return ClientError(.unreachable, "\(failure). Is the port that of HTTPS?")
        default:
            return ClientError(.unreachable, failure)
        }
    }

    private static func connection(errno code: Int32, address: DaemonAddress) -> ClientError {
        switch code {
        case ECONNREFUSED, ENOENT:
            return noDaemon(at: address)
        case ECONNRESET, EPIPE:
            return closed(by: address)
        default:
            return ClientError(.unreachable, "\(address) cannot be reached: \(SystemFiles.reason(code))")
        }
    }
}
