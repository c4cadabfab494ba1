package import ConfigCore

extension State {
    /// What the state would be if an entry were written: for looking ahead, never to be stored.
    package func assuming(_ entry: ConfigEntry) -> State {
        var state = self
        state.cluster.configEntries[entry.key] = StoredConfigEntry(
            entry: entry, source: .api, createIndex: index, modifyIndex: index)
        return state
    }
}
