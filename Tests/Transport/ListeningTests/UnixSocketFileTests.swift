import Foundation
import Listening
import NIOCore
import NIOPosix
import Testing

@Suite struct UnixSocketFileTests {
    /// A directory with a short name that is gone afterwards.
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let path = "/tmp/hawser-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func file(_ path: String, user: String? = nil, mode: UInt32? = nil) throws -> UnixSocketFile {
        try UnixSocketFile(path: path, user: user, group: nil, mode: mode)
    }

    private func bind(_ path: String) async throws -> any Channel {
        try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).bind(unixDomainSocketPath: path).get()
    }

    private func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
    }

    @Test func comesWithItsPermissionsAndGoes() async throws {
        try await withDirectory { directory in
            let file = try file(directory + "/s", mode: 0o640)
            try file.prepare()
            let server = try await bind(file.stagingPath)
            #expect(try names(in: directory) == ["s.new"])
            let number = try file.publish()
            #expect(try names(in: directory) == ["s"])
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
            #expect(throws: ListenProblem.self) { try file.prepare() }
            file.remove(number + 1)
            #expect(try names(in: directory) == ["s"])
            file.remove(number)
            #expect(try names(in: directory) == [])
            try await server.close()
        }
    }

    @Test func whatIsLeftOverIsReplaced() async throws {
        try await withDirectory { directory in
            let file = try file(directory + "/s")
            for _ in 0..<2 {
                try file.prepare()
                let server = try await bind(file.stagingPath)
                _ = try file.publish()
                // Its file stays.
                try await server.close()
                #expect(try names(in: directory) == ["s"])
            }
        }
    }

    @Test func anotherFileIsLeftAlone() async throws {
        try await withDirectory { directory in
            #expect(FileManager.default.createFile(atPath: directory + "/s", contents: Data()))
            let problem = #expect(throws: ListenProblem.self) { try file(directory + "/s").prepare() }
            #expect(problem?.description.contains("there is a file that is no socket") == true)
            let missing = #expect(throws: ListenProblem.self) { try file(directory + "/no/s").prepare() }
            #expect(missing?.description.hasSuffix("no such file or directory: make the directory first") == true)
        }
    }

    @Test(arguments: [
        ("run/s", nil, "has no absolute path"),
        ("/" + String(repeating: "x", count: 110), nil, "is longer than 101 bytes"),
        ("/run/s", "no-such-user-here", "this machine knows no such user"),
    ])
    func isRefused(path: String, user: String?, text: String) {
        let problem = #expect(throws: ListenProblem.self) { try file(path, user: user) }
        #expect(problem?.description.contains(text) == true, "\(problem?.description ?? "")")
    }

    @Test func rootAndTheOwnUserMayDoAnything() {
        func may(_ user: UInt32) -> Bool { PeerCredentials(process: 1, user: user, group: 7).mayDoAnything }
        #expect(may(0) && may(geteuid()) && !may(65_534))
    }
}
