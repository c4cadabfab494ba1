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
        let values = Mutex<[Bool]>([])
    }

    private func isTrusted(_ daemon: TestDaemon, _ address: DaemonAddress) async throws -> [Bool] {
        let seen = Seen()
        daemon.peerings.onEstablish { seen.values.withLock { $0.append(DoorChannel.isTrusted) } }
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
            let trusted = try await isTrusted(daemon, try DaemonAddress("unix://\(path)"))
            #expect(trusted == [true])
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aPortTrustsNobody() async throws {
        try await TestDaemon.run { daemon in
            let trusted = try await isTrusted(daemon, DaemonAddress(host: "127.0.0.1", port: daemon.port))
            #expect(trusted == [false])
        }
    }
}
