import ArgumentParser
import DocumentCore
import Glibc
import TLSEngine

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Shows every replicated change as it happens.",
        discussion: """
            Begins with what is imported now, or with -since at an event that is kept: -since 1 shows all of them, \
            -since 1h those of the last hour. Times are UTC. Ends with Ctrl-C.

            When the daemon goes away the command waits for it and goes on with the event after the last one that it \
            showed, so that none is missed or shown twice. A program that stops reading does the same with -since NUMBER, \
            the last number that it has seen and one more. Events that are not kept any longer are said so, on standard \
            error or as {"missed":N}.
            """)

    @OptionGroup var options: ClientOptions

    @Option(name: .customLong("peer"), help: "Only changes from and to this peer.")
    var peer: String?

    @Option(name: .customLong("service"), help: "Only changes of the service of this name.")
    var service: String?

    @Option(
        name: .customLong("since"),
        help: ArgumentHelp("The number of the first event, or an age such as 1h.", valueName: "number|age"))
    var since: String?

    @Option(name: .customLong("follow"), help: "false ends with the last event that there is.")
    var follow = true

    @Option(name: .customLong("format"), help: "text for people, jsonl for programs.")
    var format = "text"

    func validate() throws {
        try requireNames(("-peer", peer))
        guard format == "text" || format == "jsonl" else {
            throw ValidationError("Invalid format, valid formats are {text|jsonl}")
        }
        if let since, Self.start(since) == nil {
            throw ValidationError(
                "Invalid -since=\(since): write the number of an event, such as 120, or an age, such as 1h")
        }
    }

    func run() async throws {
        let client = try options.client()
        signal(SIGINT) { _ in _exit(0) }
        let wish = LogFollower.Wish(
            start: since.flatMap(Self.start) ?? .present, follows: follow, isFiltered: peer != nil || service != nil)
        var watch = LogWatch(
            client: client, peer: peer, service: service, wish: wish, isText: format == "text")
        try await watch.run()
    }

    private static func start(_ since: String) -> LogFollower.Start? {
        if let number = UInt64(since) { return .number(number) }
        guard let age = GoDuration(since)?.duration, age >= .zero else { return nil }
        return .age(age)
    }
}

/// Does what the follower of the log wants done: asks the daemon, waits, prints.
private struct LogWatch {
    let client: DaemonClient
    let peer: String?
    let service: String?
    let wish: LogFollower.Wish
    let isText: Bool
    private let start = ContinuousClock.now
    private var follower: LogFollower

    init(client: DaemonClient, peer: String?, service: String?, wish: LogFollower.Wish, isText: Bool) {
        self.client = client
        self.peer = peer
        self.service = service
        self.wish = wish
        self.isText = isText
        follower = LogFollower(wish) { Crypto.sha256($0) }
    }

    mutating func run() async throws {
        var actions = follower.begin()[...]
        while let action = actions.popFirst() {
            switch action {
            case .readHead: actions += await readHead()
            case .connect(let stretch): actions += try await read(stretch)
            case .wait(let duration):
                try await Task.sleep(for: duration)
                actions += follower.waited()
            case .finish: return
            case .print, .printMissed, .complain, .fail: try show(action)
            }
        }
    }

    private mutating func readHead() async -> [LogFollower.Action] {
        do throws(ClientError) {
            return follower.headReceived(try await client.logBounds())
        } catch {
            return follower.connectionLost(error, after: .zero)
        }
    }

    private mutating func read(_ stretch: LogFollower.Stretch) async throws -> [LogFollower.Action] {
        let http = client.http
        let request = ClientRequest(method: .get, target: target(of: stretch))
        var begin: ContinuousClock.Instant?
        var time: Duration { begin.map { .now - $0 } ?? .zero }
        do {
            try await http.lines(of: request, begun: { begin = .now }) { line throws(CommandFailure) in
                for action in follower.lineReceived(line) { try show(action) }
            }
            return follower.answerEnded(after: time)
        } catch let error as ClientError {
            return follower.connectionLost(error, after: time)
        }
    }

    private func target(of stretch: LogFollower.Stretch) -> String {
        let (since, follows): (String?, Bool) =
            switch stretch {
            case .present: (nil, false)
            case .number(let number): ("\(number)", wish.follows)
            // The moment that the age meant at the start, however late it is by now.
            case .age(let age): (GoDuration(age + (ContinuousClock.now - start)).description, wish.follows)
            }
        return APIPath("hawser", "watch").query("peer", peer).query("service", service).query("since", since)
            .query("follow", follows ? nil : "false").text
    }

    private func show(_ action: LogFollower.Action) throws(CommandFailure) {
        let surroundings = Surroundings.current
        switch action {
        case .print(let line): try surroundings.output.write(line: isText ? WatchText.lines(line) : line.text)
        case .printMissed(let line, let sentence):
            if isText {
                surroundings.error.tryWrite("hawser: \(sentence)\n")
            } else {
                try surroundings.output.write(line: line.text)
            }
        case .complain(let sentence): surroundings.error.tryWrite("hawser: \(sentence.printable)\n")
        case .fail(let failure): throw failure
        case .readHead, .connect, .wait, .finish: return
        }
    }
}
