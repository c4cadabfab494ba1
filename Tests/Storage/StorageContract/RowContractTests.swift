import StateCore
import Testing

/// What `StateStore` relies on of rows and revisions, of every implementation.
@Suite("Storage contract: rows")
struct RowContractTests {
    @Test(arguments: Engine.allCases)
    func `A new place is empty`(engine: Engine) async throws {
        try await engine.run { place in
            let storage = try place.open()
            let contents = try await storage.load()
            #expect(contents.entries.isEmpty && contents.position == StoragePosition())
            #expect(try await storage.position() == StoragePosition())
            #expect(try await storage.events(from: 0, limit: 10).isEmpty)
            #expect(try await storage.firstEvent(since: 0) == nil)
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `What was committed is there after opening again, in the order of the keys' bytes`(engine: Engine) async throws
    {
        try await engine.run { place in
            let storage = try place.open()
            let batch = StorageBatch(["b/1": "x", "a/é": "y", "a/Z": "", "a/a": "gone"], expecting: 0, index: 7)
            #expect(try await storage.commit(batch.with { $0.tag = .max }) == 1)
            #expect(try await storage.commit(StorageBatch(["a/a": nil, "b/1": "z"], expecting: 1, index: 9)) == 2)
            try await storage.close()
            let again = try place.open()
            let contents = try await again.load()
            #expect(contents.entries.map(\.key) == ["a/Z", "a/é", "b/1"])
            #expect(contents.rows == ["a/Z": "", "a/é": "y", "b/1": "z"])
            #expect(contents.position == StoragePosition(revision: 2, index: 9, tag: 0))
            try await again.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `Later writes of a key win, removing what is not there is nothing, and an empty batch counts`(
        engine: Engine
    ) async throws {
        try await engine.run { place in
            let storage = try place.open()
            let writes = ["1", nil, "2"].map { text in
                StorageWrite(key: "a/1", value: text.map { Array($0.utf8) })
            }
            _ = try await storage.commit(
                StorageBatch(writes: writes + [StorageWrite(key: "a/2", value: nil)], expecting: 0))
            #expect(try await storage.commit(StorageBatch([:], expecting: 1)) == 2)
            #expect(try await storage.load().rows == ["a/1": "2"])
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `A batch that builds on another revision is refused whole`(engine: Engine) async throws {
        try await engine.run { place in
            let storage = try place.open()
            _ = try await storage.commit(StorageBatch(["a/1": "1"], expecting: 0, index: 3))
            for wrong in [UInt64(0), 2, .max] {
                let error = await #expect(throws: StorageError.self) {
                    try await storage.commit(StorageBatch(["a/2": "2"], expecting: wrong, index: 4))
                }
                #expect(error?.code == .conflict && error?.outcome == .refused)
            }
            #expect(try await storage.load().rows == ["a/1": "1"])
            #expect(try await storage.position() == StoragePosition(revision: 1, index: 3, tag: 0))
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `A writer of an older term is refused once a newer one has written`(engine: Engine) async throws {
        try await engine.run { place in
            let storage = try place.open()
            _ = try await storage.commit(StorageBatch(["a/1": "1"], expecting: 0).with { $0.fence = 2 })
            let error = await #expect(throws: StorageError.self) {
                try await storage.commit(StorageBatch(["a/1": "2"], expecting: 1).with { $0.fence = 1 })
            }
            #expect(error?.code == .fenced && error?.outcome == .refused)
            _ = try await storage.commit(StorageBatch(["a/1": "3"], expecting: 1).with { $0.fence = 2 })
            #expect(try await storage.load().rows == ["a/1": "3"])
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases, ["", String(repeating: "k", count: StorageWrite.maxKeyBytes + 1)])
    func `A key of the wrong size refuses the batch`(engine: Engine, key: String) async throws {
        try await engine.run { place in
            let storage = try place.open()
            let error = await #expect(throws: StorageError.self) {
                try await storage.commit(StorageBatch(["a/1": "1", key: "2"], expecting: 0))
            }
            #expect(error?.outcome == .refused)
            #expect(try await storage.load().entries.isEmpty)
            try await storage.close()
        }
    }

    @Test(arguments: Engine.allCases)
    func `Calls after closing fail`(engine: Engine) async throws {
        try await engine.run { place in
            let storage = try place.open()
            try await storage.close()
            await #expect(throws: StorageError.self) { try await storage.load() }
            await #expect(throws: StorageError.self) { try await storage.commit(StorageBatch([:], expecting: 0)) }
            await #expect(throws: StorageError.self) { try await storage.position() }
            await #expect(throws: StorageError.self) { try await storage.events(from: 1, limit: 1) }
        }
    }
}
