package import DocumentCore

/// The mesh entry: what holds for all proxies and peerings (gateway data plane, section 6.1).
package struct MeshSettings: Hashable, Sendable {
    /// Peering's control plane goes through mesh gateways; nil if the entry does not say, which means no.
    package var peerThroughMeshGateways: Bool?
    package var meshDestinationsOnly: Bool
    /// Whether services may be reached without mutual TLS.
    package var allowsPermissiveMutualTLS: Bool
    /// What proxies accept, and what they offer; nil for the usual.
    package var incomingTLS: TLSParameters?
    package var outgoingTLS: TLSParameters?
    /// `HTTP` and newer settings, checked and in Consul's form.
    package var kept: [DocumentMember]

    package init(
        peerThroughMeshGateways: Bool? = nil, meshDestinationsOnly: Bool = false,
        allowsPermissiveMutualTLS: Bool = false, incomingTLS: TLSParameters? = nil, outgoingTLS: TLSParameters? = nil,
        kept: [DocumentMember] = []
    ) {
        self.peerThroughMeshGateways = peerThroughMeshGateways
        self.meshDestinationsOnly = meshDestinationsOnly
        self.allowsPermissiveMutualTLS = allowsPermissiveMutualTLS
        self.incomingTLS = incomingTLS
        self.outgoingTLS = outgoingTLS
        self.kept = kept
    }
}

/// Versions and cipher suites of TLS in one direction. Nil and empty for the usual ones.
package struct TLSParameters: Hashable, Sendable {
    package enum Version: String, CaseIterable, Sendable {
        case automatic = "TLS_AUTO"
        case tls10 = "TLSv1_0"
        case tls11 = "TLSv1_1"
        case tls12 = "TLSv1_2"
        case tls13 = "TLSv1_3"
    }

    package var minVersion: Version?
    package var maxVersion: Version?
    /// By their registered names. They hold for TLS 1.2 and older.
    package var cipherSuites: [String]

    package init(minVersion: Version? = nil, maxVersion: Version? = nil, cipherSuites: [String] = []) {
        self.minVersion = minVersion
        self.maxVersion = maxVersion
        self.cipherSuites = cipherSuites
    }

    /// Those that Envoy can be told of.
    package static let knownCipherSuites: [String] = ["ECDHE_ECDSA", "ECDHE_RSA", "RSA"].flatMap { exchange in
        ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "AES_128_CBC_SHA", "AES_256_CBC_SHA", "CHACHA20_POLY1305_SHA256"]
            .filter { exchange != "RSA" || !$0.hasPrefix("CHACHA20") }
            .map { "TLS_\(exchange)_WITH_\($0)" }
    }
}

// MARK: - Reading

extension MeshSettings {
    init(_ map: inout MapReader) {
        self.init()
        meshDestinationsOnly = map.map("TransparentProxy") { $0.bool("MeshDestinationsOnly") } ?? false
        allowsPermissiveMutualTLS = map.bool("AllowEnablingPermissiveMutualTLS") ?? false
        let tls: (TLSParameters?, TLSParameters?)? = map.map("TLS") { tls in
            (
                tls.map("Incoming", context: "error in incoming TLS configuration: ") { TLSParameters(&$0) },
                tls.map("Outgoing", context: "error in outgoing TLS configuration: ") { TLSParameters(&$0) }
            )
        }
        incomingTLS = tls?.0
        outgoingTLS = tls?.1
        kept = map.kept(Self.keptSettings)
        peerThroughMeshGateways = map.map("Peering") { $0.bool("PeerThroughMeshGateways") }
    }

    private static let keptSettings = [
        KeptSetting(
            "HTTP",
            .map([
                KeptSetting("SanitizeXForwardedClientCert", .boolean),
                KeptSetting(
                    "Incoming", .map([KeptSetting("RequestNormalization", .map(requestNormalization))])),
            ])),
        KeptSetting("ValidateClusters", .boolean),
    ]

    private static let requestNormalization = [
        KeptSetting("InsecureDisablePathNormalization", .boolean), KeptSetting("MergeSlashes", .boolean),
        KeptSetting("PathWithEscapedSlashesAction", .string), KeptSetting("HeadersWithUnderscoresAction", .string),
    ]
}

extension TLSParameters {
    fileprivate init(_ map: inout MapReader) {
        func version(_ key: String) -> Version? {
            map.choice(key, of: Version.self) { "no matching TLS version found for \($0)" }?.value
        }
        self.init(
            minVersion: version("TLSMinVersion"), maxVersion: version("TLSMaxVersion"),
            cipherSuites: map.strings("CipherSuites") ?? [])
        validate(map)
    }

    private func validate(_ map: MapReader) {
        if let minVersion, let maxVersion, maxVersion < minVersion {
            map.consulRefuses(
                "TLSMaxVersion",
                "configuring max version \(maxVersion.rawValue) less than the configured min version "
                    + "\(minVersion.rawValue) is invalid")
        }
        guard !cipherSuites.isEmpty else { return }
        if minVersion == .tls13 {
            map.consulRefuses(
                "CipherSuites",
                "configuring CipherSuites is only applicable to connections negotiated with TLS 1.2 or earlier, "
                    + "TLSMinVersion is set to TLSv1_3")
        }
        for suite in cipherSuites where !Self.knownCipherSuites.contains(suite) {
            map.consulRefuses("CipherSuites", "no matching Envoy TLS cipher suite found for \(shown(suite))")
        }
    }
}

extension TLSParameters.Version {
    /// Whether one version is older than another; never true of the automatic one.
    fileprivate static func < (left: Self, right: Self) -> Bool {
        left != .automatic && right != .automatic && left.rawValue < right.rawValue
    }
}

// MARK: - Writing

extension MeshSettings {
    func writeFields(to json: inout JSONWriter) {
        json.object("TransparentProxy") { $0.field("MeshDestinationsOnly", meshDestinationsOnly) }
        json.fieldIfTrue("AllowEnablingPermissiveMutualTLS", allowsPermissiveMutualTLS)
        if incomingTLS != nil || outgoingTLS != nil {
            json.object("TLS") { json in
                if let incomingTLS { json.object("Incoming", incomingTLS.writeFields) }
                if let outgoingTLS { json.object("Outgoing", outgoingTLS.writeFields) }
            }
        }
        json.fields(kept)
        if let peerThroughMeshGateways {
            json.object("Peering") { $0.field("PeerThroughMeshGateways", peerThroughMeshGateways) }
        }
    }
}

extension TLSParameters {
    fileprivate func writeFields(to json: inout JSONWriter) {
        json.fieldIfNotEmpty("TLSMinVersion", minVersion?.rawValue ?? "")
        json.fieldIfNotEmpty("TLSMaxVersion", maxVersion?.rawValue ?? "")
        json.fieldIfNotEmpty("CipherSuites", cipherSuites)
    }
}
