import Foundation

/// Two clusters: harbor accepts, island dials.
struct Clusters: Sendable {
    let harbor: Daemon
    let island: Daemon

    static let harborFiles = [
        "services.yaml": """
        services:
          - {name: web, id: web-1, port: 80, tags: [v1]}
          - {name: web, id: web-2, port: 81}
          - {name: db, port: 5432}
          - {name: secret, port: 1}
        """,
        "exports.yaml": """
        Kind: exported-services
        Name: default
        Services:
          - {Name: web, Consumers: [{Peer: island}]}
          - {Name: db, Consumers: [{Peer: island}]}
        """,
    ]
    static let islandFiles = [
        "services.yaml": "services: [{name: api, port: 8080}, {name: cache, port: 6379}]",
        "exports.json": """
        {"Kind":"exported-services","Name":"default","Services":[{"Name":"*","Consumers":[{"Peer":"harbor"}]}]}
        """,
    ]

    /// Starts both, runs the test, and takes everything away.
    static func run(_ body: (Clusters) async throws -> Void) async throws {
        let clusters = Clusters(
            harbor: try await Daemon("harbor", datacenter: "dc1", files: harborFiles),
            island: try await Daemon("island", datacenter: "dc2", files: islandFiles))
        defer {
            clusters.harbor.remove()
            clusters.island.remove()
        }
        try await clusters.harbor.start()
        try await clusters.island.start()
        try await body(clusters)
    }

    /// The same, with both peered and in step.
    static func peered(_ body: (Clusters) async throws -> Void) async throws {
        try await run { clusters in
            try await clusters.redeem(try await clusters.token())
            try await clusters.areInStep()
            try await body(clusters)
        }
    }

    /// A fresh token of harbor's.
    func token() async throws -> String {
        try await harbor.succeed("peering", "generate-token", "-name", "island")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func redeem(_ token: String) async throws {
        let outcome = try await establish(token)
        guard outcome.code == 0 else { throw Unexpected(outcome.errors) }
    }

    func establish(_ token: String, at daemon: Daemon? = nil, name: String = "harbor") async throws -> Outcome {
        try await (daemon ?? island).establish(token, name: name)
    }

    /// Both sides are ACTIVE, and each has what the other exports.
    func areInStep() async throws {
        try await eventually("harbor has all of island's services") {
            let listed = try await harbor.peering("island")
            let imported = try await harbor.imported(from: "island")
            return listed == .active && imported == ["api": "1", "cache": "1"]
        }
        try await eventually("island has all that harbor exports") {
            let listed = try await island.peering("harbor")
            let imported = try await island.imported(from: "harbor")
            return listed == .active && imported == ["web": "2", "db": "1"]
        }
    }
}

extension Daemon {
    /// Redeems a token by the command.
    func establish(_ token: String, name: String) async throws -> Outcome {
        let file = TemporaryFile()
        defer { file.remove() }
        try Data(token.utf8).write(to: file.url)
        return try await hawser("peering", "establish", "-name", name, "-peering-token-file", file.url.path)
    }
}

extension Daemon.Listed {
    /// Two services each way.
    fileprivate static let active = Daemon.Listed(state: "ACTIVE", imported: "2", exported: "2")
}
