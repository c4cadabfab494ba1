import COpenSSL

extension TLSError {
    /// The sentence for a failed check of the server's chain. `code` is one of OpenSSL's `X509_V_ERR_*`.
    static func verification(_ code: Int32, certificate: X509Certificate?, serverName: String?) -> TLSError {
        let cause = unsafe X509_verify_cert_error_string(Int(code)).map { unsafe String(cString: $0) } ?? ""
        let name = certificate?.displayName ?? "(no certificate)"
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            let end = Self.utc(certificate?.notAfter ?? 0)
            return TLSError(.certificateExpired, "certificate has expired (\(name), notAfter=\(end))", cause: cause)
        case X509_V_ERR_CERT_NOT_YET_VALID:
            let start = Self.utc(certificate?.notBefore ?? 0)
            return TLSError(
                .certificateNotYetValid,
                "certificate is not valid yet (\(name), notBefore=\(start)): compare the clocks of both machines",
                cause: cause)
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return TLSError(
                .certificateNameMismatch,
                "certificate is for \(Self.names(of: certificate)), not for \"\(serverName ?? "")\"", cause: cause)
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            let issuer = certificate.map { $0.issuer.isEmpty ? "(no name)" : $0.issuer.printable } ?? "(unknown)"
            return TLSError(
                .certificateUntrusted, "certificate is not signed by a trusted root (issuer \(issuer))", cause: cause)
        default:
            return TLSError(.certificateInvalid, "certificate cannot be used here (\(name)): \(cause)", cause: cause)
        }
    }

    private static func names(of certificate: X509Certificate?) -> String {
        let limit = 3
        guard let certificate, let first = certificate.dnsNames.first else {
            return certificate?.displayName ?? "(no name)"
        }
        let more = certificate.dnsNames.count - limit
        guard certificate.dnsNames.count > 1 else { return "\"\(first.printable)\"" }
        let shown = certificate.dnsNames.prefix(limit).map { "\"\($0.printable)\"" }.joined(separator: ", ")
        return more > 0 ? "\(shown) and \(more) more" : shown
    }

    /// `seconds` since 1970 as `2026-11-20T21:20:59Z`, without Foundation: proleptic Gregorian, eras of 400 years.
    static func utc(_ seconds: Int64) -> String {
        let secondsPerDay: Int64 = 86_400
        let daysPerEra: Int64 = 146_097
        let days = Int64((Double(seconds) / Double(secondsPerDay)).rounded(.down))
        let time = seconds - days * secondsPerDay
        // Days since 0000-03-01, so that the leap day is the last of its year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - daysPerEra + 1) / daysPerEra
        let dayOfEra = shifted - era * daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(day))T"
            + "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
    }
}
