import IdentityCore
package import StateCore

extension StateStore {
    /// A store whose hashes are of no worth.
    package convenience init(
        testing storage: any Storage, settings: Settings = Settings(),
        report: @escaping @Sendable (StorageError) -> Void = { _ in }
    ) async throws(StorageError) {
        try await self.init(
            storage: storage, settings: settings,
            environment: Environment(digest: Self.weakDigest, report: report))
    }

    /// Returns when everything that was announced or asked for before is done.
    package func settle() async throws { try await apply(NoChange()) }

    /// Other bytes for other lines, mostly.
    package static let weakDigest: EventDigest = { bytes in
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
    }
}

private struct NoChange: Command {
    func apply(to transaction: inout Transaction) throws(Refusal) {}
}
