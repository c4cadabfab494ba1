/// What went wrong with a certificate or a TLS connection.
///
/// Three readers: programs look at `code`; people read `message`, one sentence that names the thing and the peer;
/// we read `cause`, OpenSSL's own words. Two errors are equal when their codes are: texts are not for comparing.
/// No key, secret or plaintext is ever part of an error.
package struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. A struct, so that logs and metrics may meet kinds that they do not know.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Wrapped: String {
            case certificateExpired, certificateNotYetValid, certificateNameMismatch, certificateUntrusted
            case certificateInvalid, unrecognizedServerName, noSharedVersion, noSharedCipher, noSharedALPN
            case peerAlert, notTLS, closedDuringHandshake, truncated, handshakeTimeout, handshakeTooLarge
            case pendingWritesTooLarge, protocolViolation, connectionClosed, invalidInput, library
        }

        private let wrapped: Wrapped

        private init(_ wrapped: Wrapped) { self.wrapped = wrapped }

        /// A certificate of the peer's chain is past its end.
        package static let certificateExpired = Code(.certificateExpired)
        /// A certificate of the peer's chain is not valid yet: a wrong clock here or there.
        package static let certificateNotYetValid = Code(.certificateNotYetValid)
        /// The peer's certificate is for another host name.
        package static let certificateNameMismatch = Code(.certificateNameMismatch)
        /// The peer's chain does not end at one of the given roots.
        package static let certificateUntrusted = Code(.certificateUntrusted)
        /// The peer's certificate is unusable for another reason (purpose, signature, constraints).
        package static let certificateInvalid = Code(.certificateInvalid)
        /// Server: no identity for the name that the client asked for.
        package static let unrecognizedServerName = Code(.unrecognizedServerName)
        /// The two sides have no TLS version in common.
        package static let noSharedVersion = Code(.noSharedVersion)
        /// The two sides have no cipher, group or signature algorithm in common.
        package static let noSharedCipher = Code(.noSharedCipher)
        /// ALPN is required here and the two sides have no protocol in common.
        package static let noSharedALPN = Code(.noSharedALPN)
        /// The peer refused with a TLS alert.
        package static let peerAlert = Code(.peerAlert)
        /// The peer does not speak TLS.
        package static let notTLS = Code(.notTLS)
        /// The peer closed the connection before the handshake was complete.
        package static let closedDuringHandshake = Code(.closedDuringHandshake)
        /// The connection ended without close_notify: what was read last may not be all that was sent.
        package static let truncated = Code(.truncated)
        /// The handshake did not complete in time.
        package static let handshakeTimeout = Code(.handshakeTimeout)
        /// The peer sent more than `TLSLimits.handshakeBytes` before the handshake was complete.
        package static let handshakeTooLarge = Code(.handshakeTooLarge)
        /// More than `TLSLimits.pendingPlaintextBytes` waited to be encrypted.
        package static let pendingWritesTooLarge = Code(.pendingWritesTooLarge)
        /// The peer broke the TLS protocol, or something on the way changed its bytes.
        package static let protocolViolation = Code(.protocolViolation)
        /// The operation came after the connection was closed or had failed.
        package static let connectionClosed = Code(.connectionClosed)
        /// A PEM text, key, name or setting given by the caller cannot be used.
        package static let invalidInput = Code(.invalidInput)
        /// OpenSSL failed where neither the peer nor the caller is to blame (memory, entropy).
        package static let library = Code(.library)

        package var description: String { self.wrapped.rawValue }
    }

    package let code: Code
    /// One sentence without a full stop, fit for a log line or an operator.
    package let message: String
    /// OpenSSL's own words, for the maintainers; empty if the failure did not come from OpenSSL.
    package let cause: String
    /// The number of the TLS alert that the peer sent (RFC 8446 section 6), for `Code.peerAlert`.
    package let alert: UInt8?

    package init(_ code: Code, _ message: String, cause: String = "", alert: UInt8? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.alert = alert
    }

    package var description: String {
        self.cause.isEmpty ? "\(self.code): \(self.message)" : "\(self.code): \(self.message) [\(self.cause)]"
    }

    package static func == (left: TLSError, right: TLSError) -> Bool { left.code == right.code }
}

extension TLSError {
    /// The caller's input cannot be used; drains OpenSSL's error queue into the cause.
    static func invalidInput(_ message: String) -> TLSError {
        TLSError(.invalidInput, message, cause: OpenSSLFailure.drain().description)
    }

    /// OpenSSL failed; drains its error queue into the cause.
    static func library(_ message: String) -> TLSError {
        TLSError(.library, message, cause: OpenSSLFailure.drain().description)
    }
}
