import DocumentCore

/// Where the HTTP API is reached besides its usual port, and how: the blocks `addresses`, `tls` and `unix_sockets`, and
/// the older keys at the top level that stand for parts of them. What no file says is nil.
package struct DoorSettings: Hashable, Sendable {
    /// -1 switches HTTPS off, which is also the default.
    package var httpsPort: Int?
    /// Addresses separated by spaces that win over `client_addr`; `unix:///path` is a Unix socket.
    package var httpAddresses: String?
    package var httpsAddresses: String?
    /// With the defaults of the `tls` block under it.
    package var https: TLSFileSettings { httpsAlone.over(defaults) }
    package var httpsAlone = TLSFileSettings()
    package var defaults = TLSFileSettings()
    package var unixSockets = UnixSocketSettings()

    package init() {}

    func merging(_ later: DoorSettings) -> DoorSettings {
        var merged = DoorSettings()
        merged.httpsPort = later.httpsPort ?? httpsPort
        merged.httpAddresses = later.httpAddresses ?? httpAddresses
        merged.httpsAddresses = later.httpsAddresses ?? httpsAddresses
        merged.httpsAlone = later.httpsAlone.over(httpsAlone)
        merged.defaults = later.defaults.over(defaults)
        merged.unixSockets = later.unixSockets.over(unixSockets)
        return merged
    }
}

/// One block of the `tls` block.
package struct TLSFileSettings: Hashable, Sendable {
    package enum Version: String, Sendable {
        case tls12 = "TLSv1_2"
        case tls13 = "TLSv1_3"
    }

    package var certificateFile: String?
    package var keyFile: String?
    package var caFile: String?
    /// Whether clients have to show a certificate from that CA.
    package var verifiesIncoming: Bool?
    package var minVersion: Version?

    package init() {}

    func over(_ other: TLSFileSettings) -> TLSFileSettings {
        var merged = TLSFileSettings()
        merged.certificateFile = certificateFile ?? other.certificateFile
        merged.keyFile = keyFile ?? other.keyFile
        merged.caFile = caFile ?? other.caFile
        merged.verifiesIncoming = verifiesIncoming ?? other.verifiesIncoming
        merged.minVersion = minVersion ?? other.minVersion
        return merged
    }
}

/// Whose the files of Unix sockets are, and who may connect.
package struct UnixSocketSettings: Hashable, Sendable {
    /// Names or numbers.
    package var user: String?
    package var group: String?
    package var mode: UInt32?

    package init() {}

    func over(_ other: UnixSocketSettings) -> UnixSocketSettings {
        var merged = UnixSocketSettings()
        merged.user = user ?? other.user
        merged.group = group ?? other.group
        merged.mode = mode ?? other.mode
        return merged
    }
}

// MARK: - Reading

extension DoorSettings {
    /// - Parameter httpsPort: out of the block `ports`, which holds the ports of others too.
    init(_ map: inout MapReader, httpsPort: Int?) {
        self.httpsPort = httpsPort
        let addresses: (String?, String?)? = map.map("addresses") { ($0.string("http"), $0.string("https")) }
        httpAddresses = addresses?.0
        httpsAddresses = addresses?.1
        let blocks: (TLSFileSettings?, TLSFileSettings?)? = map.map("tls") {
            ($0.map("https") { TLSFileSettings(&$0) }, $0.map("defaults") { TLSFileSettings(&$0) })
        }
        var older = TLSFileSettings(&map)
        let olderOfHTTPS = map.bool("verify_incoming_https")
        defaults = (blocks?.1 ?? TLSFileSettings()).over(older)
        older = TLSFileSettings()
        older.verifiesIncoming = olderOfHTTPS
        httpsAlone = (blocks?.0 ?? TLSFileSettings()).over(older)
        unixSockets = map.map("unix_sockets") { UnixSocketSettings(&$0) } ?? UnixSocketSettings()
    }
}

extension TLSFileSettings {
    /// From a block, or from the top level, where the same keys stood before there were blocks.
    init(_ map: inout MapReader) {
        certificateFile = Self.path("cert_file", &map)
        keyFile = Self.path("key_file", &map)
        caFile = Self.path("ca_file", &map)
        verifiesIncoming = map.bool("verify_incoming")
        minVersion = Self.version(&map)
    }

    /// Consul takes an empty path for none.
    private static func path(_ key: String, _ map: inout MapReader) -> String? {
        map.string(key).flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func version(_ map: inout MapReader) -> Version? {
        let key = "tls_min_version"
        guard let text = map.string(key), !text.isEmpty else { return nil }
        switch text {
        case "TLS_AUTO", "TLSv1_2", "tls12": return .tls12
        case "TLSv1_3", "tls13": return .tls13
        default:
            map.invalid(key, "must be TLSv1_2 or TLSv1_3, as older versions are not safe, and is \(quoted(text))")
            return nil
        }
    }
}

extension UnixSocketSettings {
    init(_ map: inout MapReader) {
        user = map.string("user").flatMap { $0.isEmpty ? nil : $0 }
        group = map.string("group").flatMap { $0.isEmpty ? nil : $0 }
        guard let text = map.string("mode"), !text.isEmpty else { return }
        mode = UInt32(text, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil }
        if mode == nil { map.invalid("mode", "must be permissions in octal such as \"0660\", and is \(quoted(text))") }
    }
}
