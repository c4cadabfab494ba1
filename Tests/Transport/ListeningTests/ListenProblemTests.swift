import Glibc
import Listening
import NIOCore
import NIOPosix
import Testing

@Suite struct ListenProblemTests {
    private static let listener = ListenProblem.Listener(
        name: "the HTTP API", hostFlag: "-client", portFlag: "-http-port")

    private static let table: [(code: CInt, sentence: String)] = [
        (
            EADDRINUSE,
            "the HTTP API cannot listen on 10.0.0.1:8500: the port is in use by another process. Is another agent "
                + "running? Set another -http-port if so"
        ),
        (
            EADDRNOTAVAIL,
            "the HTTP API cannot listen on 10.0.0.1:8500: this machine has no such address. Set another -client"
        ),
        (
            EACCES,
            "the HTTP API cannot listen on 10.0.0.1:8500: this user may not. Set a -http-port above 1023, or give "
                + "the daemon the right"
        ),
        (EMFILE, "the HTTP API cannot listen on 10.0.0.1:8500: too many open files"),
    ]

    @Test(arguments: table)
    func saysWhatToDo(code: CInt, sentence: String) {
        let error = IOError(errnoCode: code, reason: "bind")
        #expect(ListenProblem(error, of: Self.listener, host: "10.0.0.1", port: 8500).description == sentence)
    }

    @Test func bracketsAnAddressOfManyColons() {
        let error = IOError(errnoCode: EMFILE, reason: "bind")
        let problem = ListenProblem(error, of: Self.listener, host: "::1", port: 1)
        #expect(problem.description.hasPrefix("the HTTP API cannot listen on [::1]:1: "))
    }

    @Test func knowsWhatTheSocketsThrow() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let first = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(first.localAddress?.port)
        let taken = await #expect(throws: (any Error).self) {
            _ = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: port).get()
        }
        let problem = ListenProblem(try #require(taken), of: Self.listener, host: "127.0.0.1", port: port)
        #expect(problem.description.contains("the port is in use by another process"))
        try await first.close()
    }

    @Test func namesWhatCannotBeResolved() {
        // What the resolver throws: it has no initializer, but it can be had without a network.
        let error = #expect(throws: SocketAddressError.UnknownHost.self) {
            _ = try SocketAddress.makeAddressResolvingHost("not a name", port: 1)
        }
        guard let error else { return }
        let problem = ListenProblem(error, of: Self.listener, host: "not a name", port: 1)
        #expect(
            problem.description == "the HTTP API cannot listen on not a name:1: the name not a name cannot be "
                + "resolved. Look at -client")
    }
}
