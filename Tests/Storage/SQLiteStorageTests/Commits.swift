import StateCore

extension Storage {
    /// Rows alone.
    func commit(_ writes: [StorageWrite], expecting revision: UInt64) async throws(StorageError) -> UInt64 {
        try await commit(StorageBatch(writes: writes, expecting: revision))
    }
}
