import GRPCWire
import NIOCore
import Testing

private let head = GRPCRequestHead(
    path: "/s/m", authority: "a", scheme: "http", metadata: ["k": "v"], timeout: .seconds(1))
private let request = head.fields(userAgent: "test")

@Suite struct GRPCServerCallMachineTests {
    private func replacing(_ name: String, _ value: String?) -> [GRPCField] {
        request.filter { $0.name != name } + (value.map { [GRPCField(name, $0)] } ?? [])
    }

    private func open() -> GRPCServerCallMachine {
        var machine = GRPCServerCallMachine(maxReceiveMessageBytes: 10)
        _ = machine.requestReceived(request, endStream: false)
        return machine
    }

    @Test func requestIsRead() {
        var machine = GRPCServerCallMachine(maxReceiveMessageBytes: 10)
        guard case .accept(let read) = machine.requestReceived(request, endStream: false) else {
            Issue.record("the request was not accepted")
            return
        }
        #expect(read.path == head.path && read.authority == head.authority && read.timeout == .seconds(1))
        #expect(read.metadata.first("k") == "v" && read.metadata.first("te") == nil)
    }

    @Test func requestWithoutTETrailersIsTolerated() {
        var machine = GRPCServerCallMachine(maxReceiveMessageBytes: 10)
        guard case .accept = machine.requestReceived(replacing("te", nil), endStream: false) else {
            Issue.record("the request was not accepted")
            return
        }
    }

    @Test(
        arguments: [
            (":method", "GET", "405", "13"), ("content-type", "text/html", "415", "3"),
            ("content-type", nil, "415", "3"),
            ("grpc-encoding", "gzip", "200", "12"), ("grpc-timeout", "soon", "200", "13"),
        ] as [(String, String?, String, String)])
    func wrongRequestsAreAnswered(name: String, value: String?, http: String, code: String) {
        var machine = GRPCServerCallMachine(maxReceiveMessageBytes: 10)
        guard case .reject(let fields) = machine.requestReceived(replacing(name, value), endStream: false) else {
            Issue.record("the request was not rejected")
            return
        }
        #expect(fields.first == GRPCField(":status", http))
        #expect(fields.contains(GRPCField("grpc-status", code)))
        let finish = machine.finish(.ok)
        #expect(finish == .ignore)
    }

    @Test func statusWithoutMessagesIsTheWholeResponse() {
        var machine = open()
        let finish = machine.finish(GRPCStatus(.notFound, "no"))
        #expect(finish == .sendOnly(GRPCTrailers.onlyFields(GRPCStatus(.notFound, "no"))))
        let again = machine.finish(.ok)
        #expect(again == .ignore)
    }

    @Test func headersComeOnceBeforeMessages() {
        var machine = open()
        let first = machine.messagesSending(metadata: ["x": "1"])
        #expect(
            first == [
                GRPCField(":status", "200"), GRPCField("content-type", "application/grpc"), GRPCField("x", "1"),
            ])
        let second = machine.messagesSending(metadata: ["x": "1"])
        #expect(second == nil)
        let finish = machine.finish(.ok)
        #expect(finish == .sendTrailers([GRPCField("grpc-status", "0")]))
        let after = machine.messagesSending(metadata: [:])
        #expect(after == nil)
    }

    @Test func endsOfTheRequest() {
        var clean = open()
        let ends = [clean.endReceived(), clean.endReceived()]
        #expect(ends == [.endInbound, .ignore])
        var cut = open()
        _ = cut.dataReceived(ByteBuffer(bytes: [0, 0, 0]))
        let failed = cut.endReceived()
        #expect(failed == .fail(GRPCStatus(.internal, "the stream ended inside a message")))
        var finished = open()
        _ = finished.finish(.ok)
        let late = finished.endReceived()
        #expect(late == .ignore)
        let data = finished.dataReceived(ByteBuffer(bytes: [0, 0, 0, 0, 0]))
        #expect(data.frames == nil)
    }

    @Test func closedStreamSendsNothing() {
        var machine = open()
        machine.streamClosed()
        let finish = machine.finish(.ok)
        #expect(finish == .ignore)
    }
}

@Suite struct GRPCClientCallMachineTests {
    private let ok = [GRPCField(":status", "200"), GRPCField("content-type", "application/grpc")]

    private func receiving() -> GRPCClientCallMachine {
        var machine = GRPCClientCallMachine(maxReceiveMessageBytes: 10)
        _ = machine.headersReceived(ok, endStream: false)
        return machine
    }

    @Test func usualDialogue() {
        var machine = GRPCClientCallMachine(maxReceiveMessageBytes: 10)
        let interim = machine.headersReceived([GRPCField(":status", "103")], endStream: false)
        #expect(interim == .ignore)
        let headers = machine.headersReceived(ok + [GRPCField("x", "1")], endStream: false)
        #expect(headers == .initialMetadata(["x": "1"]))
        let data = machine.dataReceived(ByteBuffer(bytes: [0, 0, 0, 0, 1, 7]))
        #expect(data.frames?.messageCount == 1)
        let trailers = machine.headersReceived([GRPCField("grpc-status", "0")], endStream: true)
        #expect(trailers == .finish(.ok))
        let late = machine.headersReceived([GRPCField("grpc-status", "1")], endStream: true)
        #expect(late == .ignore)
        let reset = machine.streamClosed(code: 0, name: "NO_ERROR")
        #expect(reset == nil)
    }

    struct Answer: Sendable {
        var fields: [(String, String)]
        var endStream: Bool
        var expected: GRPCClientCallMachine.OnHeaders

        init(_ fields: [(String, String)], _ endStream: Bool, _ expected: GRPCClientCallMachine.OnHeaders) {
            self.fields = fields
            self.endStream = endStream
            self.expected = expected
        }
    }

    static let answers = [
        Answer(
            [
                (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "5"),
                ("grpc-message", "no%20"),
            ],
            true, .finish(GRPCStatus(.notFound, "no "))),
        Answer(
            [(":status", "503"), ("content-type", "text/html")], false,
            .fail(GRPCStatus(.unavailable, "unexpected HTTP status code received from server: 503"))),
        Answer(
            [(":status", "404")], true,
            .finish(GRPCStatus(.unimplemented, "unexpected HTTP status code received from server: 404"))),
        Answer(
            [(":status", "200"), ("content-type", "text/html")], false,
            .fail(GRPCStatus(.unknown, "the server's content-type is not gRPC's"))),
        Answer(
            [(":status", "200"), ("content-type", "application/grpc")], true,
            .finish(GRPCStatus(.internal, "the server ended the call without a status"))),
        Answer(
            [(":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "gzip")], false,
            .fail(GRPCStatus(.internal, "grpc: the server compresses messages, which was not offered"))),
        Answer(
            [(":status", "415"), ("content-type", "application/grpc"), ("grpc-status", "3"), ("grpc-message", "x")],
            true, .finish(GRPCStatus(.invalidArgument, "x"))),
    ]

    @Test(arguments: answers)
    func firstHeaders(_ answer: Answer) {
        var machine = GRPCClientCallMachine(maxReceiveMessageBytes: 10)
        let fields = answer.fields.map { GRPCField($0.0, $0.1) }
        let action = machine.headersReceived(fields, endStream: answer.endStream)
        #expect(action == answer.expected)
        let after = machine.fail(GRPCStatus(.unknown, "later"))
        #expect(after == nil)
    }

    @Test func callsEndOnceWhateverHappens() {
        let ends: [(inout GRPCClientCallMachine) -> GRPCStatus?] = [
            { $0.endReceived() }, { $0.streamClosed(code: 8, name: "CANCEL") }, { $0.fail(GRPCStatus(.cancelled)) },
        ]
        let codes: [GRPCCode] = [.internal, .cancelled, .cancelled]
        for (end, code) in zip(ends, codes) {
            for start in [GRPCClientCallMachine(maxReceiveMessageBytes: 1), receiving()] {
                var machine = start
                #expect(end(&machine)?.code == code)
                for other in ends { #expect(other(&machine) == nil) }
            }
        }
    }

    @Test func trailersMustEndTheStream() {
        var machine = receiving()
        let action = machine.headersReceived(ok, endStream: false)
        #expect(action == .fail(GRPCStatus(.internal, "the server sent two response headers")))
    }

    @Test func trailersInsideAMessage() {
        var machine = receiving()
        _ = machine.dataReceived(ByteBuffer(bytes: [0, 0]))
        let action = machine.headersReceived([GRPCField("grpc-status", "0")], endStream: true)
        #expect(action == .finish(GRPCStatus(.internal, "the stream ended inside a message")))
    }

    @Test func oversizeEndsTheCall() {
        var machine = receiving()
        let output = machine.dataReceived(ByteBuffer(bytes: [0, 0, 0, 0, 11]))
        #expect(output.failure?.code == .resourceExhausted)
        let late = machine.headersReceived([GRPCField("grpc-status", "0")], endStream: true)
        #expect(late == .ignore)
    }
}
