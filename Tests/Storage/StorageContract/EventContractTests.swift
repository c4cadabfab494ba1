import StateCore
import Testing

/// What the replication log relies on, of every implementation.
@Suite("Storage contract: events")
struct EventContractTests {
    private func append(
        _ numbers: ClosedRange<UInt64>, time: Int64 = 0, retention: EventRetention? = nil, to storage: any Storage
    ) async throws {
        let revision = try await storage.position().revision
        var batch = StorageBatch([:], expecting: revision)
        batch.events = StoredEvents(numbers, time: time)
        batch.retention = retention
        _ = try await storage.commit(batch)
    }

    @Test(arguments: Engine.allCases)
    func `Events are read from a number on, whole runs, about as many as are asked for`(engine: Engine) async throws {
        try await engine.run { place in
            var storage = try place.open()
            try await append(1...3, time: 10, to: storage)
            try await append(4...4, time: 20, to: storage)
            try await append(5...9, time: 30, to: storage)
            try await storage.close()
            storage = try place.open()
            let all = try await storage.events(from: 0, limit: 100)
            #expect(
                all == [StoredEvents(1...3, time: 10), StoredEvents(4...4, time: 20), StoredEvents(5...9, time: 30)])
            #expect(try await storage.events(from: 2, limit: 1).map(\.first) == [1])
            #expect(try await storage.events(from: 4, limit: 2).map(\.first) == [4, 5])
            #expect(try await storage.events(from: 9, limit: 100).map(\.first) == [5])
            #expect(try await storage.events(from: 10, limit: 100).isEmpty)
            #expect(try await storage.firstEvent(since: 20) == 4)
            #expect(try await storage.firstEvent(since: 21) == 5)
            #expect(try await storage.firstEvent(since: 31) == nil)
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `A gap in the numbers refuses the batch, with its rows`(engine: Engine) async throws {
        try await engine.run { place in
            let storage = try place.open()
            try await append(1...2, to: storage)
            for wrong in [StoredEvents(2...3), StoredEvents(4...4)] {
                let error = await #expect(throws: StorageError.self) {
                    var batch = StorageBatch(["a/1": "1"], expecting: 1)
                    batch.events = wrong
                    return try await storage.commit(batch)
                }
                #expect(error?.outcome == .refused)
            }
            #expect(try await storage.load().entries.isEmpty)
            #expect(try await storage.events(from: 1, limit: 10) == [StoredEvents(1...2)])
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `The oldest runs go by age and by size, and the last one stays`(engine: Engine) async throws {
        try await engine.run { place in
            let storage = try place.open()
            for number in UInt64(1)...6 { try await append(number...number, time: Int64(number), to: storage) }
            let bytes = StoredEvents(1...1).bytes.count
            try await append(7...7, time: 7, retention: EventRetention(maxBytes: .max, notBefore: 3), to: storage)
            #expect(try await storage.events(from: 0, limit: 100).map(\.first) == [3, 4, 5, 6, 7])
            try await append(8...8, time: 8, retention: EventRetention(maxBytes: 2 * bytes, notBefore: 0), to: storage)
            #expect(try await storage.events(from: 0, limit: 100).map(\.first) == [7, 8])
            try await append(9...9, time: 9, retention: EventRetention(maxBytes: 0, notBefore: .max), to: storage)
            #expect(try await storage.events(from: 0, limit: 100).map(\.first) == [9])
            try await append(10...10, to: storage)
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `A follower sees every commit after a revision, or is told that it is too old`(engine: Engine) async throws {
        try await engine.run { place in
            let storage = try place.open()
            _ = try await storage.commit(StorageBatch(["a/1": "1"], expecting: 0, index: 1))
            var updates = try await storage.watch(from: 1).makeAsyncIterator()
            _ = try await storage.commit(StorageBatch(["a/2": "2", "a/1": nil], expecting: 1, index: 5))
            try await append(1...2, to: storage)
            let first = try #require(try await updates.next())
            #expect(first.position == StoragePosition(revision: 2, index: 5, tag: 0))
            #expect(first.writes.map(\.key) == ["a/2", "a/1"] && first.writes.last?.value == nil)
            let second = try #require(try await updates.next())
            #expect(second.position.revision == 3 && second.events == StoredEvents(1...2))
            // What is past may be forgotten, and then it is said so.
            do {
                var old = try await storage.watch(from: 0).makeAsyncIterator()
                #expect(try await old.next()?.position.revision == 1)
            } catch let error as StorageError {
                #expect(error.code == .compacted)
            }
            try await storage.close()
            #expect(try await updates.next() == nil)
        }
    }
}
