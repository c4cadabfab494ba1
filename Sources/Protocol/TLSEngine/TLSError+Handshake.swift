import COpenSSL

extension TLSError {
    /// The sentence for a handshake that OpenSSL gave up.
    static func handshake(_ failure: OpenSSLFailure, inbox: HandshakeInbox, isServer: Bool) -> TLSError {
        let cause = failure.description
        switch failure.reason {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH,
            SSL_R_WRONG_SSL_VERSION, SSL_R_WRONG_VERSION_NUMBER:
            let lowest = inbox.context.settings.versions.lowerBound
            if let offered = inbox.offeredVersion {
                return TLSError(
                    .noSharedVersion,
                    "no shared protocol version: peer offered \(offered) at most, \(lowest) or newer is needed",
                    cause: cause)
            }
            return TLSError(
                .noSharedVersion, "no shared protocol version: peer chose one that is not allowed here", cause: cause)
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_CIPHERS_AVAILABLE:
            return TLSError(
                .noSharedCipher, "peer and this side have no cipher, group or signature algorithm in common",
                cause: cause)
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TLSError(
                .certificateInvalid, "peer showed no certificate, and one is required here", cause: cause)
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return TLSError(.certificateInvalid, "peer's certificate cannot be verified", cause: cause)
        default:
            return Self.record(failure, inHandshake: true, serverName: isServer ? nil : inbox.serverName)
        }
    }

    /// The sentence for a failure that can come at any time: an alert of the peer, or bytes that break the rules.
    static func record(
        _ failure: OpenSSLFailure, inHandshake: Bool = false, serverName: String? = nil
    ) -> TLSError {
        let cause = failure.description
        if let alert = UInt8(exactly: failure.reason - SSL_AD_REASON_OFFSET) {
            return Self.alert(alert, cause: cause, serverName: serverName)
        }
        switch failure.reason {
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_BAD_RECORD_TYPE, SSL_R_BAD_DECOMPRESSION,
            SSL_R_DECRYPTION_FAILED:
            return TLSError(
                .protocolViolation, "peer's bytes were damaged on the way or are not its own", cause: cause)
        case SSL_R_UNEXPECTED_MESSAGE, SSL_R_UNEXPECTED_RECORD, SSL_R_UNEXPECTED_CCS_MESSAGE:
            return TLSError(.protocolViolation, "unexpected message from the peer", cause: cause)
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_DATA_LENGTH_TOO_LONG,
            SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_RECORD_LENGTH_MISMATCH:
            return TLSError(.protocolViolation, "peer sent bytes that are no TLS record", cause: cause)
        case 0:
            return TLSError(.library, "TLS failed for a reason that OpenSSL does not give", cause: cause)
        default:
            let moment = inHandshake ? "during the handshake" : "after the handshake"
            return TLSError(.protocolViolation, "peer broke the TLS protocol \(moment): \(cause)", cause: cause)
        }
    }

    /// The sentence for an alert that the peer sent (RFC 8446 section 6.2).
    private static func alert(_ alert: UInt8, cause: String, serverName: String?) -> TLSError {
        let name = unsafe String(cString: SSL_alert_desc_string_long(Int32(alert)))
        func error(_ code: Code, _ message: String) -> TLSError {
            TLSError(code, "\(message) (alert \(alert), \(name))", cause: cause, alert: alert)
        }
        switch Int32(alert) {
        case SSL_AD_UNRECOGNIZED_NAME:
            let asked = serverName.map { "\"\($0)\"" } ?? "the name that was asked for"
            return error(.peerAlert, "peer has no certificate for \(asked)")
        case SSL_AD_PROTOCOL_VERSION:
            return error(.noSharedVersion, "no shared protocol version: peer refused those offered")
        case SSL_AD_NO_APPLICATION_PROTOCOL:
            return error(.noSharedALPN, "peer speaks none of the ALPN protocols offered")
        case SSL_AD_HANDSHAKE_FAILURE, SSL_AD_INSUFFICIENT_SECURITY:
            return error(.peerAlert, "peer refused the handshake: no parameters that it accepts")
        case SSL_AD_UNKNOWN_CA:
            return error(.peerAlert, "peer does not trust the issuer of the certificate sent to it")
        case SSL_AD_CERTIFICATE_EXPIRED:
            return error(.peerAlert, "peer says that the certificate sent to it has expired")
        case SSL_AD_BAD_CERTIFICATE, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNSUPPORTED_CERTIFICATE,
            SSL_AD_CERTIFICATE_REVOKED:
            return error(.peerAlert, "peer refused the certificate sent to it")
        case TLS13_AD_CERTIFICATE_REQUIRED:
            return error(.peerAlert, "peer wants a client certificate, and none is sent here")
        default:
            return error(.peerAlert, "peer broke off the connection")
        }
    }
}

/// Recognizes peers that do not speak TLS by their first bytes, so that the error says what they speak instead.
enum NotTLS {
    /// Bytes that are looked at; OpenSSL gives up after five.
    static let prefixCount = 9

    /// Nil if the bytes may be TLS.
    static func recognize(_ bytes: [UInt8], isServer: Bool, cause: String) -> TLSError? {
        guard let first = bytes.first else { return nil }
        let alertRecord: UInt8 = 21
        let handshakeRecord: UInt8 = 22
        if first == alertRecord || first == handshakeRecord, bytes.count < 2 || bytes[1] == 3 { return nil }
        if Self.isHTTP(bytes) {
            return TLSError(.notTLS, "peer sent HTTP instead of TLS", cause: cause)
        }
        if Self.isHTTP2Settings(bytes) {
            return TLSError(.notTLS, "peer sent plaintext HTTP/2 instead of TLS", cause: cause)
        }
        // The ClientHello of SSL 2 (RFC 5246 appendix E.2): length with the top bit, then message type 1.
        if isServer, bytes.count > 2, first & 0x80 != 0, bytes[2] == 1 { return nil }
        let shown = bytes.prefix(5).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        return TLSError(.notTLS, "peer sent bytes that are not TLS (they begin with \(shown))", cause: cause)
    }

    private static func isHTTP(_ bytes: [UInt8]) -> Bool {
        // `PRI * HTTP/2.0` is the client preface of plaintext HTTP/2.
        let beginnings = [
            "GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "PATCH ", "OPTIONS ", "CONNECT ", "PRI * ", "HTTP/",
        ]
        return beginnings.contains { beginning in
            let compared = min(beginning.utf8.count, bytes.count)
            return compared >= 3 && beginning.utf8.prefix(compared).elementsEqual(bytes.prefix(compared))
        }
    }

    /// A server of plaintext HTTP/2 speaks first: a SETTINGS frame on stream 0 (RFC 9113 section 6.5).
    private static func isHTTP2Settings(_ bytes: [UInt8]) -> Bool {
        let settingsFrame: UInt8 = 4
        return bytes.count >= 5 && bytes[0] == 0 && bytes[1] == 0 && bytes[3] == settingsFrame && bytes[4] <= 1
    }
}
