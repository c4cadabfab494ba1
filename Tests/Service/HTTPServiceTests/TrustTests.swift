import ACLCore
import Foundation
import HawserTestKit
import Listening
import Synchronization
import Testing

@testable import HTTPService
@testable import hawser

/// Which clients need no token: those that the kernel says to be root or the daemon's own user.
@Suite struct TrustTests {
    /// What a request's own task sees.
    private final class Seen: Sendable {
        let values = Mutex<[PeerCredentials?]>([])
    }

    private func credentials(_ daemon: TestDaemon, _ address: DaemonAddress) async throws -> [PeerCredentials?] {
        let seen = Seen()
        daemon.peerings.onEstablish { seen.values.withLock { $0.append(DoorChannel.credentials) } }
        let body = #"{"PeerName":"a","PeeringToken":"T"}"#
        let answer = try await HTTPClient(address: address).send(
            ClientRequest(method: .post, target: "/v1/peering/establish", body: Array(body.utf8)))
        #expect(answer.status == 200)
        return seen.values.withLock { $0 }
    }

    @Test func aUnixSocketTrustsTheOwnUser() async throws {
        let path = "/tmp/hawser-\(UUID().uuidString.prefix(8)).sock"
        let file = try UnixSocketFile(path: path, user: nil, group: nil, mode: nil)
        try await TestDaemon.run(door: .unix(file)) { daemon in
            let seen = try await credentials(daemon, try DaemonAddress("unix://\(path)"))
            #expect(seen == [PeerCredentials(process: getpid(), user: geteuid(), group: getegid())])
            #expect(seen.first??.mayDoAnything == true)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aPortTrustsNobody() async throws {
        try await TestDaemon.run { daemon in
            let seen = try await credentials(daemon, DaemonAddress(host: "127.0.0.1", port: daemon.port))
            #expect(seen == [nil])
        }
    }

    /// With access control the own user still does everything there, and the audit log says who it was.
    @Test func atAUnixSocketNoTokenIsNeeded() async throws {
        let path = "/tmp/hawser-\(UUID().uuidString.prefix(8)).sock"
        let log = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: log) }
        let file = try UnixSocketFile(path: path, user: nil, group: nil, mode: nil)
        try await TestDaemon.run(door: .unix(file), access: .deny, auditPath: log.path) { daemon in
            let client = HTTPClient(address: try DaemonAddress("unix://\(path)"))
            let made = try await client.send(
                ClientRequest(method: .put, target: "/v1/acl/token", body: Array("{}".utf8)))
            #expect(made.status == 200)
        }
        let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 1)
        #expect(lines.first?.contains(#""remote":"unix:uid=\#(geteuid()),pid=\#(getpid())""#) == true)
    }
}
