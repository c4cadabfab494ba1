import ACLCore
import HawserTestKit
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
            let stream = WatchLines()
            async let over: Void = stream.follow(daemon, "/v1/hawser/watch?peer=dc2&format=jsonl")
            await stream.wait(for: 1)
            daemon.log.append(event("dc3", "api", 1, 2))
            daemon.log.append(event("dc2", "web", 2, 3))
            await stream.wait(for: 2)
            await daemon.shutDown()
            await over
            #expect(
                stream.lines == [
                    #"{"time":"2001-09-09T01:46:40Z","peer":"dc2","direction":"imported","what":"service","#
                        + #""name":"web","present":true,"new":2}"#,
                    #"{"number":2,"time":"1970-01-01T00:00:00Z","peer":"dc2","direction":"imported","#
                        + #""what":"service","name":"web","old":2,"new":3}"#,
                ])
        }
    }

    @Test func aClientThatLeavesIsNoticed() async throws {
        try await TestDaemon.run { daemon in
            let stream = WatchLines()
            let watching = Task { await stream.follow(daemon, "/v1/hawser/watch") }
            var readers = daemon.log.readers.makeAsyncIterator()
            let before = await readers.next()
            #expect(before == 1)
            watching.cancel()
            let after = await readers.next()
            #expect(after == 0)
        }
    }

    @Test func endsWithTheRightToIt() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let token = try await daemon.makeToken(rules: #"operator = "read""#)
            let stream = WatchLines()
            async let over: Void = stream.follow(daemon, "/v1/hawser/watch", token: token.secret)
            var readers = daemon.log.readers.makeAsyncIterator()
            #expect(await readers.next() == 1)
            daemon.log.append(event("dc2", "web", 0, 1))
            await stream.wait(for: 1)
            _ = try await daemon.manage(.delete, "/v1/acl/token/\(token.accessorID)")
            daemon.log.append(event("dc2", "secret", 0, 1))
            await over
            #expect(stream.lines.count == 1)
        }
    }

    @Test func aFormatThatDoesNotExistIsRefused() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.get, "/v1/hawser/watch?format=xml")
            #expect(answer.status == 400)
        }
    }
}
