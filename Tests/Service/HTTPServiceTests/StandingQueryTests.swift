import ACLCore
import CatalogCore
import DocumentCore
import Foundation
import HawserTestKit
import IdentityCore
import Listening
import Logging
import PeeringCore
import StateCore
import Testing

@testable import HTTPService
@testable import hawser

/// Many who wait for the same.
@Suite("Standing queries") struct StandingQueryTests {
    private typealias Change = @Sendable (TestDaemon, PeeringID) async throws -> Void

    /// Answers stay as long as a test may take.
    private static let limits: AnswerLimits = {
        var limits = AnswerLimits()
        limits.sharedFor = .seconds(600)
        limits.queriesAtOnce = 3
        return limits
    }()

    private static let registration: Change = { daemon, _ in
        let body = #"{"Name":"new","Port":1,"Check":{"Name":"c","TTL":"1h"}}"#
        let answer = try await daemon.send(.put, "/v1/agent/service/register", body, token: TestDaemon.managementSecret)
        #expect(answer.status == 200)
    }
    private static func entry(_ body: String) -> Change {
        { daemon, _ in
            let answer = try await daemon.send(.put, "/v1/config", body, token: TestDaemon.managementSecret)
            #expect(answer.status == 200, "\(answer.text)")
        }
    }
    private static let peering: Change = { daemon, _ in _ = try await daemon.store.addAcceptor("dc3") }
    private static let imported: Change = { daemon, id in
        try await daemon.store.imported("far", of: id, payload: "far", count: 1)
    }
    private static let policy: Change = { daemon, _ in
        _ = try await daemon.makePolicy("new", rules: #"service "a" { policy = "read" }"#)
    }

    private static let intentions =
        #"{"Kind":"service-intentions","Name":"new","#
        + #""Sources":[{"Name":"web","Action":"allow"}]}"#
    private static let exports =
        #"{"Kind":"exported-services","Name":"default","#
        + #""Services":[{"Name":"web","Consumers":[{"Peer":"dc2"}]}]}"#

    /// Every route that waits, with a change of what it tells, in one commit.
    private static let routes: [(target: String, change: Change)] = [
        ("catalog/services", registration), ("catalog/service/new", registration),
        ("catalog/services?filter=ServiceName+!%3D+%22x%22", registration), ("catalog/services?peer=dc2", imported),
        ("catalog/nodes", registration), ("catalog/node/node-1", registration),
        ("catalog/node-services/node-1", registration), ("catalog/connect/new", registration),
        ("health/service/new", registration), ("health/service/far?peer=dc2", imported),
        ("health/checks/new", registration), ("health/node/node-1", registration),
        ("health/state/any", registration), ("internal/ui/services", registration),
        ("internal/ui/exported-services?peer=dc2", entry(exports)), ("agent/services", registration),
        ("agent/checks", registration), ("config/service-intentions", entry(intentions)),
        ("config/service-intentions/new", entry(intentions)), ("connect/intentions", entry(intentions)),
        ("connect/intentions/match?by=destination&name=new", entry(intentions)),
        ("connect/intentions/check?source=web&destination=new", entry(intentions)),
        ("peerings", peering), ("peering/dc3", peering), ("hawser/tokens", peering),
        ("hawser/gateway/routes", peering), ("exported-services", entry(exports)), ("imported-services", imported),
        ("hawser/mesh/explain/new", registration), ("acl/policies", policy), ("acl/policy/name/new", policy),
        ("acl/tokens", policy),
    ]

    /// It may come before or after the queries began to wait.
    @Test(arguments: routes.indices)
    func oneAnswerIsMadeForAll(number: Int) async throws {
        let (path, change) = Self.routes[number]
        let target = "/v1/" + path
        let payloads = [
            "far": [ServiceInstance(node: Node(id: "", name: "n"), service: NodeService(id: "far", service: "far"))]
        ]
        try await TestDaemon.run(payloads: payloads, answerLimits: Self.limits, access: .deny) { daemon in
            let id = try await daemon.store.addAcceptor("dc2")
            let token = TestDaemon.managementSecret
            let before = try await daemon.send(.get, target, token: token)
            try #require(before.index > 0, "\(before.text)")
            let waiting = target + (target.contains("?") ? "&" : "?") + "index=\(before.index)&wait=10m"
            let answers = try await withThrowingTaskGroup(of: ClientAnswer.self) { group in
                for _ in 0..<12 { group.addTask { try await daemon.send(.get, waiting, token: token) } }
                try await change(daemon, id)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let after = try await daemon.send(.get, target, token: token)
            #expect(after.index > before.index)
            for answer in answers {
                #expect(answer.status == after.status && answer.text == after.text && answer.index == after.index)
                #expect(answer.header("Content-Type") == after.header("Content-Type"))
            }
            #expect(daemon.dependencies.answers.counts == SharedAnswers.Counts(made: 1, shared: 11))
        }
    }

    /// Asked in one breath, each gets the form and the part that it asked for.
    @Test func formsAndFiltersAreNotMixedUp() async throws {
        try await TestDaemon.run(answerLimits: Self.limits) { daemon in
            _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"a","Tags":["x"]}"#)
            let filter = "filter=ServiceName+%3D%3D+%22b%22"
            let targets = ["?", "?pretty&", "?\(filter)&", "?pretty&\(filter)&"].map { "/v1/catalog/services\($0)" }
            let index = try await daemon.send(.get, targets[0]).index
            let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<24 {
                    let target = targets[number % 4] + "index=\(index)&wait=10m"
                    group.addTask { (number % 4, try await daemon.send(.get, target).text) }
                }
                _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"b"}"#)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let expected = [
                #"{"a":["x"],"b":[]}"#, "{\n    \"a\": [\n        \"x\"\n    ],\n    \"b\": []\n}\n", #"{"b":[]}"#,
                "{\n    \"b\": []\n}\n",
            ]
            for (number, text) in answers { #expect(text == expected[number]) }
            #expect(daemon.dependencies.answers.counts == SharedAnswers.Counts(made: 4, shared: 20))
        }
    }

    /// Two tokens with one policy share; who may see less gets less, and is told so.
    @Test func onlyThoseWithTheSameRightsShare() async throws {
        try await TestDaemon.run(answerLimits: Self.limits, access: .deny) { daemon in
            let some = #"node_prefix "" { policy = "read" } service "a" { policy = "read" }"#
            let all = #"node_prefix "" { policy = "read" } service_prefix "" { policy = "read" }"#
            let policies = try await [daemon.makePolicy("some", rules: some), daemon.makePolicy("all", rules: all)]
            var secrets: [(isSome: Bool, secret: String)] = []
            for number in 0..<4 {
                let id = policies[number % 2]["ID"]?.string ?? ""
                let token = try await daemon.manage(.put, "/v1/acl/token", #"{"Policies":[{"ID":"\#(id)"}]}"#)
                secrets.append((number % 2 == 0, try #require(token["SecretID"]?.string)))
            }
            _ = try await daemon.manage(.get, "/v1/catalog/services")
            let index = try await daemon.send(.get, "/v1/catalog/services", token: secrets[0].secret).index
            let waiting = "/v1/catalog/services?index=\(index)&wait=10m"
            _ = try await daemon.send(
                .put, "/v1/agent/service/register", #"{"Name":"a"}"#, token: TestDaemon.managementSecret)
            let between = try await daemon.send(.get, waiting, token: secrets[0].secret).index
            let again = "/v1/catalog/services?index=\(between)&wait=10m"
            let answers = try await withThrowingTaskGroup(of: (Bool, ClientAnswer).self) { group in
                for (isSome, secret) in secrets + secrets {
                    group.addTask { (isSome, try await daemon.send(.get, again, token: secret)) }
                }
                _ = try await daemon.send(
                    .put, "/v1/agent/service/register", #"{"Name":"b"}"#, token: TestDaemon.managementSecret)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (isSome, answer) in answers {
                #expect(answer.text == (isSome ? #"{"a":[]}"# : #"{"a":[],"b":[]}"#))
                #expect(answer.header("X-Consul-Results-Filtered-By-ACLs") == (isSome ? "true" : nil))
            }
            #expect(daemon.dependencies.answers.counts == SharedAnswers.Counts(made: 3, shared: 6))
        }
    }

    /// A token that goes while somebody waits with it gets nothing of what others with the same rights get.
    @Test func whoLostTheirTokenGetsNoSharedAnswer() async throws {
        try await TestDaemon.run(answerLimits: Self.limits, access: .deny) { daemon in
            let rules = #"service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }"#
            let token = try await daemon.makeToken(rules: rules)
            let index = try await daemon.send(.get, "/v1/catalog/services", token: token.secret).index
            async let blocked = daemon.send(
                .get, "/v1/catalog/services?index=\(index)&wait=10m", token: token.secret)
            _ = try await daemon.manage(.delete, "/v1/acl/token/\(token.accessorID)")
            _ = try await daemon.send(
                .put, "/v1/agent/service/register", #"{"Name":"a"}"#, token: TestDaemon.managementSecret)
            #expect(try await blocked.status == 403)
        }
    }

    /// Where the token is not looked at, it is not when the wait is over either.
    @Test func whereNoTokenIsNeededNoneIsAskedForLater() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let target = "/v1/connect/ca/roots"
            let before = try await daemon.send(.get, target, token: "unknown")
            let after = try await daemon.send(.get, target + "?index=\(before.index)&wait=1ms", token: "unknown")
            #expect(after.status == before.status && before.status != 403)
        }
    }

    // MARK: Others meanwhile

    /// However many read all that there is, who asks for little is answered.
    @Test func smallReadsDoNotWaitForThoseOfTheWholeCatalog() async throws {
        var limits = AnswerLimits()
        limits.catalogReadsAtOnce = 1
        try await TestDaemon.run(answerLimits: limits) { daemon in
            let turns = daemon.dependencies.answers.catalogReads
            await turns.take()
            let index = try await daemon.send(.get, "/v1/health/service/a").index
            async let read = daemon.send(.get, "/v1/catalog/services")
            async let query = daemon.send(.get, "/v1/catalog/nodes?index=999&wait=10m")
            while turns.waiting < 2 { await Task.yield() }
            for target in ["/v1/health/service/a", "/v1/peerings", "/v1/health/service/a?index=\(index)&wait=1ms"] {
                #expect(try await daemon.send(.get, target).status == 200)
            }
            turns.give()
            let statuses = try await [read.status, query.status]
            #expect(statuses == [200, 200])
        }
    }

    /// However many are woken, other requests do not stand behind them, and those for little not behind those for all.
    @Test func othersDoNotWaitForTheTurnsOfWokenQueries() async throws {
        var limits = AnswerLimits()
        limits.queriesAtOnce = 1
        try await TestDaemon.run(answerLimits: limits) { daemon in
            let turns = daemon.dependencies.answers.catalogQueries
            await turns.take()
            async let first = daemon.send(.get, "/v1/catalog/services?index=999")
            async let second = daemon.send(.get, "/v1/catalog/services?index=998")
            while turns.waiting < 2 { await Task.yield() }
            for target in ["/v1/catalog/services", "/v1/health/service/a", "/v1/health/service/a?index=999"] {
                #expect(try await daemon.send(.get, target).status == 200)
            }
            turns.give()
            let statuses = try await [first.status, second.status]
            #expect(statuses == [200, 200])
        }
    }

    /// A turn goes back whatever comes of it: who may not see it takes one, too.
    @Test func whoIsDeniedGivesTheTurnBack() async throws {
        var limits = AnswerLimits()
        limits.queriesAtOnce = 1
        try await TestDaemon.run(answerLimits: limits, access: .deny) { daemon in
            _ = try await daemon.send(
                .put, "/v1/agent/service/register", #"{"Name":"a"}"#, token: TestDaemon.managementSecret)
            for _ in 0..<3 {
                #expect(try await daemon.send(.get, "/v1/agent/service/a?index=999").status == 403)
            }
            let answer = try await daemon.send(
                .get, "/v1/agent/service/a?index=999", token: TestDaemon.managementSecret)
            #expect(answer.status == 200)
        }
    }

    // MARK: Doors

    /// Also at one where nobody asked anything before.
    @Test func everyDoorTellsTheSameIndex() async throws {
        try await TestDaemon.run { daemon in
            let id = try await daemon.store.addAcceptor("dc2")
            for number in 0..<5 {
                daemon.store.announce(.streamStatus(id))
                _ = try await daemon.send(.get, "/v1/peerings")
                try await daemon.store.imported("s\(number)", of: id, payload: "", count: 1)
            }
            try await withSecondDoor(to: daemon) { second in
                let targets = [
                    "peerings", "catalog/services", "catalog/services?peer=dc2", "health/service/none",
                    "health/service/none?peer=dc2", "connect/intentions", "internal/ui/services",
                ]
                for target in targets {
                    let first = try await daemon.send(.get, "/v1/" + target).index
                    let other = try await second.send(ClientRequest(method: .get, target: "/v1/" + target)).index
                    #expect(first == other, "\(target)")
                }
            }
        }
    }

    /// A listener that nobody asks keeps no names, however many doors there are.
    @Test func moreDoorsListenNoMore() async throws {
        try await TestDaemon.run { daemon in
            let before = daemon.store.subscriptionCount
            try await withSecondDoor(to: daemon) { _ in
                #expect(daemon.store.subscriptionCount == before)
            }
        }
    }

    /// A Unix socket beside the port.
    private func withSecondDoor(
        to daemon: TestDaemon, _ body: @escaping @Sendable (HTTPClient) async throws -> Void
    ) async throws {
        let path = "/tmp/hawser-\(UUID().uuidString.prefix(8)).sock"
        let file = try UnixSocketFile(path: path, user: nil, group: nil, mode: nil)
        let (listening, isListening) = AsyncStream<Void>.makeStream()
        let service = HTTPService(
            door: .unix(file), dependencies: daemon.dependencies, logger: Logger(label: "test"),
            onListening: { _ in isListening.yield() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            var iterator = listening.makeAsyncIterator()
            _ = await iterator.next()
            try await body(HTTPClient(address: try DaemonAddress("unix://\(path)")))
            group.cancelAll()
        }
    }
}
