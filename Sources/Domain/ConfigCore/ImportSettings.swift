import DocumentCore

/// How much one peer may have standing here, in the `peering` block of the agent's configuration, Hawser's own. What no
/// file says is nil.
package struct ImportSettings: Hashable, Sendable {
    /// Of all services of a peer, in MiB.
    package var maxMegabytes: Int?
    /// Of one service, in MiB.
    package var maxServiceMegabytes: Int?
    /// Names of services of a peer.
    package var maxServices: Int?

    package init() {}

    /// A TiB: more is rather a wrong unit than a wish.
    private static let maxMegabytesAllowed = 1 << 20
    /// What the largest message takes (protocol section 4.10).
    private static let maxServiceMegabytesAllowed = 52

    /// These settings with those of a later file put over them.
    func merging(_ later: ImportSettings) -> ImportSettings {
        var merged = ImportSettings()
        merged.maxMegabytes = later.maxMegabytes ?? maxMegabytes
        merged.maxServiceMegabytes = later.maxServiceMegabytes ?? maxServiceMegabytes
        merged.maxServices = later.maxServices ?? maxServices
        return merged
    }

    init(_ map: inout MapReader) {
        maxMegabytes = map.integer("max_import_mb", in: 1...Self.maxMegabytesAllowed)
        maxServiceMegabytes = map.integer("max_import_service_mb", in: 1...Self.maxServiceMegabytesAllowed)
        maxServices = map.integer("max_import_services", in: 1...10_000_000)
    }
}
