import ConfigCore
import DocumentCore

/// An entry out of JSON.
func entry(_ json: String) throws(DocumentProblems) -> ConfigEntry {
    try ConfigEntry.decode(json: Array(json.utf8))
}

/// An entry as it is written for row 5 that was changed at 7, from `{"Kind":` up to `,"CreateIndex":5,"ModifyIndex":7}`.
func written(_ entry: ConfigEntry) -> String {
    String(decoding: entry.json(createIndex: 5, modifyIndex: 7), as: UTF8.self)
}

/// All that is wrong with an entry: what operators read, and what clients of the API do.
func problems(of json: String) -> (ours: [String], consul: [String]) {
    do {
        _ = try entry(json)
        return ([], [])
    } catch {
        return (error.problems.map(\.description), error.problems.map(\.sentence))
    }
}
