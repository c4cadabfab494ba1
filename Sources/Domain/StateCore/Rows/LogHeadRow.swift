import DocumentCore

/// Where the replication log ends, so that a log that lost its end is told from a whole one.
struct LogHeadRow: StoredRow {
    static let table = "log"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var head: LogHead

    init(_ head: LogHead) {
        self.head = head
    }

    init?(_ stored: StoredBytes) {
        let head: LogHead? = stored.map { LogHead(nextNumber: $0.index("Next"), hash: $0.string("Hash") ?? "") }
        guard let head else { return nil }
        self.head = head
    }

    var key: RowKey { RowKey(Self.table, "head") }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.log = head
        return []
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.log = LogHead()
        return []
    }

    static func rows(of state: State) -> [Self] { state.log == LogHead() ? [] : [Self(state.log)] }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("Next", head.nextNumber)
            $0.field("Hash", head.hash)
        }
    }
}
