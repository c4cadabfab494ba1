/// How long the replication log is kept.
package struct LogSettings: Hashable, Sendable {
    /// What is older may go. Four weeks: long enough for a question about last month.
    package var maxAge: Duration
    /// Bytes of events. At about 250 bytes each these are half a million: fifty first synchronisations of 10,000 services.
    package var maxBytes: Int

    package init(maxAge: Duration = .seconds(28 * 24 * 3600), maxBytes: Int = 128 << 20) {
        self.maxAge = maxAge
        self.maxBytes = maxBytes
    }
}
