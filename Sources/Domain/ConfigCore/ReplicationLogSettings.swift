package import DocumentCore

/// The `replication_log` block of the agent's configuration, Hawser's own: how long events are kept. What no file says
/// is nil.
package struct ReplicationLogSettings: Hashable, Sendable {
    package var maxAge: GoDuration?
    /// In MiB.
    package var maxMegabytes: Int?

    package init() {}

    /// A reader that follows the log and loses its connection must find the events of that time.
    private static let minAge = GoDuration(nanoseconds: 60_000_000_000)
    /// A TiB: more is rather a wrong unit than a wish.
    private static let maxMegabytesAllowed = 1 << 20

    /// These settings with those of a later file put over them.
    func merging(_ later: ReplicationLogSettings) -> ReplicationLogSettings {
        var merged = ReplicationLogSettings()
        merged.maxAge = later.maxAge ?? maxAge
        merged.maxMegabytes = later.maxMegabytes ?? maxMegabytes
        return merged
    }

    init(_ map: inout MapReader) {
        maxAge = map.duration("max_age")
        maxMegabytes = map.integer("max_size_mb", in: 1...Self.maxMegabytesAllowed)
        if let maxAge, maxAge < Self.minAge {
            map.invalid("max_age", "must be at least \(Self.minAge), and is \(maxAge)")
        }
    }
}
