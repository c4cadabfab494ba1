import GRPCWire
import NIOCore
import Testing

@Suite struct GRPCFieldTests {
    @Test(arguments: [
        ("", ""), ("plain text", "plain text"), ("100%", "100%25"), ("é", "%C3%A9"), ("a\nb", "a%0Ab"),
        ("tail ", "tail%20"), (" head", "%20head"), ("~\u{7f}", "~%7F"),
    ])
    func messagesAreEscaped(text: String, wire: String) {
        #expect(PercentEncoding.encode(text) == wire)
        #expect(PercentEncoding.decode(wire) == text)
    }

    @Test(arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41%", "A%"), ("%c3%a9", "é"), ("%%41", "%A")])
    func oddEscapesStay(wire: String, text: String) {
        #expect(PercentEncoding.decode(wire) == text)
    }

    @Test(
        arguments: [
            ([], ""), ([0], "AA"), ([0, 1], "AAE"), ([0, 1, 2], "AAEC"), ([255, 254, 253, 252], "//79/A"),
        ] as [([UInt8], String)])
    func base64WithAndWithoutPadding(bytes: [UInt8], text: String) {
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.decode(text) == bytes)
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        #expect(Base64.decode(text + padding) == bytes)
    }

    @Test(arguments: ["A", "A===", "AA=A", "AA*A", "=", "===="])
    func notBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(
        arguments: [
            ("1n", .nanoseconds(1)), ("7u", .microseconds(7)), ("250m", .milliseconds(250)), ("2S", .seconds(2)),
            ("3M", .minutes(3)), ("4H", .hours(4)), ("0S", .zero), ("99999999H", GRPCTimeout.longest),
        ] as [(String, TimeAmount)])
    func timeouts(text: String, amount: TimeAmount) {
        #expect(GRPCTimeout.parse(text) == amount)
    }

    @Test(arguments: ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1 S", "+1S", "١S"])
    func notTimeouts(text: String) {
        #expect(GRPCTimeout.parse(text) == nil)
    }

    @Test(
        arguments: [
            (.nanoseconds(5), "5n"), (.seconds(1), "1000000u"), (.nanoseconds(100_000_001), "100001u"),
            (.hours(1), "3600000m"), (.seconds(-1), "0n"), (.hours(24 * 365), "31536000S"),
            (.hours(24 * 365 * 200), "52560000M"),
        ] as [(TimeAmount, String)])
    func timeoutsAreWrittenWithEightDigits(amount: TimeAmount, text: String) {
        #expect(GRPCTimeout.format(amount) == text)
    }

    @Test(arguments: [
        ("application/grpc", true), ("application/grpc+proto", true), ("Application/GRPC;charset=utf-8", true),
        ("application/grpc-web", false), ("application/json", false), ("", false), ("application/grpcx", false),
    ])
    func contentTypes(value: String, isGRPC: Bool) {
        #expect(GRPCContentType.isGRPC(value) == isGRPC)
    }

    @Test(
        arguments: [
            (200, .unknown), (400, .internal), (401, .unauthenticated), (403, .permissionDenied), (404, .unimplemented),
            (429, .unavailable), (500, .unknown), (502, .unavailable), (503, .unavailable), (504, .unavailable),
        ] as [(Int, GRPCCode)])
    func httpStatuses(http: Int, code: GRPCCode) {
        #expect(GRPCCode(httpStatus: http) == code)
    }

    @Test(
        arguments: [
            (0, .internal), (1, .internal), (7, .unavailable), (8, .cancelled), (11, .resourceExhausted),
            (12, .permissionDenied), (99, .internal),
        ] as [(UInt32, GRPCCode)])
    func resetCodes(reset: UInt32, code: GRPCCode) {
        #expect(GRPCCode(resetCode: reset) == code)
    }

    @Test func codesHaveTheirNumbers() {
        #expect(GRPCCode.allCases.map(\.rawValue) == Array(0...16))
        #expect(GRPCCode.unauthenticated.rawValue == 16)
        #expect(GRPCCode.resourceExhausted.description == "RESOURCE_EXHAUSTED")
    }

    @Test func statusSurvivesTheWire() {
        var trailers = GRPCMetadata()
        trailers.add("x-trace", "t")
        let status = GRPCStatus(.failedPrecondition, "not: the leader é ", details: [8, 9, 255], trailers: trailers)
        let read = GRPCTrailers.status(in: GRPCTrailers.fields(status))
        #expect(read == status)
        #expect(read?.trailers == trailers)
        #expect(GRPCTrailers.status(in: [GRPCField("x", "y")]) == nil)
        #expect(GRPCTrailers.status(in: [GRPCField("grpc-status", "77")])?.code == .unknown)
        #expect(GRPCTrailers.status(in: [GRPCField("grpc-status", "x")])?.code == .unknown)
    }

    @Test(arguments: [":path", "grpc-status", "te", "content-type", "", "a b", "ä", "a:b", "connection"])
    func namesThatAreNotTheApplications(name: String) {
        var metadata = GRPCMetadata()
        let isAdded = metadata.add(name, "v")
        #expect(!isAdded && metadata.isEmpty)
    }

    @Test func metadataKeepsOrderAndValues() {
        var metadata: GRPCMetadata = ["X-One": "1", "two": "2"]
        let isBad = metadata.add("x", "line\nbreak")
        metadata.add("two", "3")
        metadata.add("raw-bin", bytes: [0, 1])
        let isBinary = metadata.add("raw", bytes: [0])
        #expect(!isBad && !isBinary)
        #expect(metadata.first("x-one") == "1")
        #expect(metadata.all("two") == ["2", "3"])
        #expect(metadata.bytes("raw-bin") == [0, 1])
        #expect(metadata.bytes("none-bin") == nil)
    }

    @Test func pathsAreCut() {
        #expect(GRPCMethodName(path: "/a.B/C")?.service == "a.B")
        #expect(GRPCMethodName(path: "/a/b/C")?.service == "a/b")
        for path in ["", "/", "/a", "a/b"] { #expect(GRPCMethodName(path: path) == nil) }
    }
}
