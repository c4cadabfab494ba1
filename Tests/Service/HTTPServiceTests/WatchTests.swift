import ACLCore
import DocumentCore
import HawserTestKit
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore
import Testing

@testable import hawser

@Suite("The watch stream")
struct WatchTests {
    private func event(_ peer: String, _ name: String, _ old: Int, _ new: Int) -> ReplicationEvent {
        ReplicationEvent(
            time: Timestamp(seconds: 0), peer: peer, direction: .imported, what: .service, name: name, oldCount: old,
            newCount: new)
    }

    @Test func tellsWhatIsThereAndThenEveryChange() async throws {
        try await TestDaemon.run { daemon in
            let id = try await daemon.store.addAcceptor("dc2")
            let other = try await daemon.store.addAcceptor("dc3")
            try await daemon.store.imported("web", of: id, payload: "web", count: 2)
            try await daemon.store.imported("api", of: other, payload: "api", count: 1)
            let hash = daemon.store.state.log.hash
            let stream = WatchLines()
            async let over: Void = stream.follow(daemon, "/v1/hawser/watch?peer=dc2&format=jsonl")
            await stream.wait(for: 1)
            try await daemon.append(event("dc2", "web", 2, 3))
            try await daemon.append(event("dc3", "api", 1, 2))
            let last = daemon.store.state.log.hash
            try await daemon.append(event("dc2", "web", 3, 0))
            await stream.wait(for: 3)
            await daemon.shutDown()
            await over
            #expect(
                stream.lines == [
                    #"{"time":"2001-09-09T01:46:40Z","peer":"dc2","direction":"imported","what":"service","#
                        + #""name":"web","present":true,"new":2}"#,
                    #"{"number":3,"time":"1970-01-01T00:00:00Z","peer":"dc2","direction":"imported","#
                        + #""what":"service","name":"web","change":"updated","old":2,"new":3,"previous":"\#(hash)"}"#,
                    #"{"number":5,"time":"1970-01-01T00:00:00Z","peer":"dc2","direction":"imported","#
                        + #""what":"service","name":"web","change":"removed","old":3,"new":0,"previous":"\#(last)"}"#,
                ])
        }
    }

    private func names(_ daemon: TestDaemon, _ query: String) async throws -> [String] {
        let answer = try await daemon.send(.get, "/v1/hawser/watch?follow=false&\(query)")
        #expect(answer.status == 200)
        return try answer.text.split(separator: "\n").map { try JSONReader.read(String($0))["name"]?.string ?? "" }
    }

    /// Five events, a second apart, the last one four seconds before the present.
    @Test func partsOfTheLog() async throws {
        try await TestDaemon.run { daemon in
            for (second, name) in ["a", "b", "a", "c", ""].enumerated() {
                let time = Timestamp(seconds: TestDaemon.start().seconds - 8 + Int64(second))
                try await daemon.append(
                    ReplicationEvent(
                        time: time, peer: second == 3 ? "dc3" : "dc2", direction: .imported,
                        what: name.isEmpty ? .serviceList : .service, name: name, oldCount: 0, newCount: 1))
            }
            let rows: [(query: String, names: [String])] = [
                ("since=1", ["a", "b", "a", "c", ""]), ("since=0", ["a", "b", "a", "c", ""]), ("since=4", ["c", ""]),
                ("since=6", []), ("since=600", []), ("since=1&peer=dc3", ["c"]), ("since=1&service=a", ["a", "a"]),
                ("since=2&service=a&peer=dc2", ["a"]), ("since=6s", ["a", "c", ""]), ("since=4s", [""]),
                ("since=1s", []), ("since=6s&service=c", ["c"]), ("", []),
                // As far as 64 bits reach.
                ("since=2562047h47m16.854775807s", ["a", "b", "a", "c", ""]), ("since=18446744073709551615", []),
            ]
            for row in rows { #expect(try await names(daemon, row.query) == row.names, "\(row.query)") }
        }
    }

    @Test func tellsWhereTheLogBeginsAndEnds() async throws {
        try await TestDaemon.run { daemon in
            let empty = try await daemon.send(.get, "/v1/hawser/log")
            #expect(empty.text == #"{"Oldest":1,"Next":1,"Hash":""}"#)
            try await daemon.append(event("dc2", "web", 0, 1))
            let answer = try await daemon.send(.get, "/v1/hawser/log")
            #expect(answer.text == #"{"Oldest":1,"Next":2,"Hash":"\#(daemon.store.state.log.hash)"}"#)
        }
    }

    /// Lines go out as they are stored, so that a reader can check their hashes.
    @Test func linesAreThoseThatAreStored() async throws {
        try await TestDaemon.run { daemon in
            for count in 1...300 { try await daemon.append(event("dc2", "web-\(count)", 0, count)) }
            let answer = try await daemon.send(.get, "/v1/hawser/watch?since=1&follow=false")
            let lines = answer.text.split(separator: "\n").map { Array($0.utf8) }
            #expect(lines.count == 300)
            let hashes = lines.map { Hex.encode(StateStore.weakDigest($0)) }
            let named = try lines.map { try JSONReader.read($0)["previous"]?.string ?? "" }
            #expect(named == [""] + hashes.dropLast())
            #expect(hashes.last == daemon.store.state.log.hash)
        }
    }

    /// The test ends only if the daemon's side does.
    @Test func aClientThatLeavesHoldsUpNothing() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.append(event("dc2", "web", 0, 1))
            let stream = WatchLines()
            let watching = Task { await stream.follow(daemon, "/v1/hawser/watch?since=1") }
            await stream.wait(for: 1)
            watching.cancel()
            await watching.value
            try await daemon.append(event("dc2", "web", 1, 2))
            #expect(stream.lines.count == 1)
        }
    }

    @Test func endsWithTheRightToIt() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let token = try await daemon.makeToken(rules: #"operator = "read""#)
            try await daemon.append(event("dc2", "web", 0, 1))
            let stream = WatchLines()
            async let over: Void = stream.follow(daemon, "/v1/hawser/watch?since=1", token: token.secret)
            await stream.wait(for: 1)
            _ = try await daemon.manage(.delete, "/v1/acl/token/\(token.accessorID)")
            try await daemon.append(event("dc2", "secret", 0, 1))
            await over
            #expect(stream.lines.count == 1)
        }
    }

    @Test(arguments: ["since=yesterday", "since=-1h", "since=-1"])
    func aBeginningThatMeansNothingIsRefused(query: String) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.get, "/v1/hawser/watch?\(query)")
            #expect(answer.status == 400)
            #expect(answer.text.hasPrefix("Invalid since value"), "\(answer.text)")
        }
    }

    @Test func aFormatThatDoesNotExistIsRefused() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.get, "/v1/hawser/watch?format=xml")
            #expect(answer.status == 400)
        }
    }
}
