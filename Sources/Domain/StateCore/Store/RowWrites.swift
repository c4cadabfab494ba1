import IdentityCore
import PeeringCore

/// Rows to store, each key once and with its last value, in the order in which the keys came. Rows are encoded when
/// they are handed to the storage, and not at each of several changes.
struct RowWrites: Sendable {
    private enum Write: Sendable {
        case put(any StoredRow)
        case remove
    }

    private var places: [RowKey: Int] = [:]
    private var writes: [(key: RowKey, write: Write)] = []

    var isEmpty: Bool { writes.isEmpty }

    mutating func put(_ row: some StoredRow) { set(row.key, .put(row)) }

    mutating func remove(_ key: RowKey) { set(key, .remove) }

    private mutating func set(_ key: RowKey, _ write: Write) {
        if let place = places[key] {
            writes[place].write = write
        } else {
            places[key] = writes.count
            writes.append((key, write))
        }
    }

    /// What is handed to the storage.
    ///
    /// - Throws: `invalid` for what cannot be stored.
    func encoded() throws(Refusal) -> [StorageWrite] {
        var encoded: [StorageWrite] = []
        encoded.reserveCapacity(writes.count)
        for (key, write) in writes {
            switch write {
            case .remove:
                encoded.append(StorageWrite(key: key.text, value: nil))
            case .put(let row):
                try key.check()
                let write = row.write
                let count = write.value?.count ?? 0
                guard count <= StorageWrite.maxValueBytes else {
                    throw Refusal(
                        .invalid,
                        "this is too large to be stored as one: it may take \(StorageWrite.maxValueBytes) bytes, and "
                            + "takes \(count)")
                }
                encoded.append(write)
            }
        }
        return encoded
    }
}

/// Events on their way to the storage, a line each.
struct EventLines: Sendable {
    private(set) var first: UInt64 = 0
    private(set) var count = 0
    private(set) var bytes: [UInt8] = []
    private var time = Timestamp(seconds: 0)

    var isEmpty: Bool { count == 0 }

    mutating func append(_ line: [UInt8], number: UInt64, time: Timestamp) {
        if count == 0 { first = number }
        count += 1
        bytes += line
        bytes.append(UInt8(ascii: "\n"))
        self.time = max(self.time, time)
    }

    /// Those of the command that came next.
    mutating func append(_ other: EventLines) {
        guard !other.isEmpty else { return }
        if count == 0 { first = other.first }
        count += other.count
        bytes += other.bytes
        time = max(time, other.time)
    }

    var run: StoredEvents? {
        isEmpty ? nil : StoredEvents(first: first, count: count, time: time.milliseconds, bytes: bytes)
    }

    var lastTime: Timestamp { time }
}

extension Timestamp {
    /// Unix milliseconds.
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
