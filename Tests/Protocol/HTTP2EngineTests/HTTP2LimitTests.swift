import HTTP2Engine
import NIOCore
import Testing

/// Peers that break the rules, or keep them and are a nuisance.
@Suite struct HTTP2LimitTests {
    private let now = NIODeadline.uptimeNanoseconds(5)

    private func server(_ change: (inout HTTP2Configuration) -> Void = { _ in }) throws -> HTTP2Session {
        var configuration = HTTP2Configuration()
        change(&configuration)
        let session = try HTTP2Session(role: .server, configuration: configuration)
        try session.receive(preface(), now: now)
        _ = try session.pullOutput(limit: .max)
        return session
    }

    struct Flood: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// How many of the frames are allowed.
        var allowed: Int
        var frames: @Sendable (Int) -> ByteBuffer
        var isOnStream = false
    }

    static let floods = [
        Flood(testDescription: "rapid reset", allowed: 200) { index in
            let stream = UInt32(index * 2 + 1)
            var bytes = headersFrame(stream: stream)
            bytes.writeImmutableBuffer(frame(3, stream: stream, [0, 0, 0, 8]))
            return bytes
        },
        Flood(testDescription: "empty DATA", allowed: 500, frames: { _ in frame(0, stream: 1) }, isOnStream: true),
        Flood(testDescription: "SETTINGS", allowed: 31) { _ in frame(4, stream: 0) },
        Flood(testDescription: "PING", allowed: 100) { _ in frame(6, stream: 0, [1, 2, 3, 4, 5, 6, 7, 8]) },
        Flood(testDescription: "PRIORITY", allowed: 2_000) { _ in frame(2, stream: 3, [0, 0, 0, 0, 1]) },
        Flood(testDescription: "WINDOW_UPDATE", allowed: 2_000) { _ in frame(8, stream: 0, [0, 0, 0, 1]) },
        Flood(testDescription: "bad header blocks", allowed: 50) { index in
            // Lower-case names only (RFC 9113 section 8.2): "X" is a broken request. Counted twice: the frame and
            // the reset that it causes.
            frame(1, flags: 0x5, stream: UInt32(index * 2 + 1), [0x83, 0x86, 0x84, 0x40, 0x01, 0x58, 0x01, 0x61])
        },
    ]

    @Test(arguments: floods)
    func floodEndsTheConnection(_ flood: Flood) throws {
        let session = try server()
        if flood.isOnStream { try session.receive(headersFrame(stream: 1), now: now) }
        for index in 0..<flood.allowed {
            try session.receive(flood.frames(index), now: now)
            _ = try session.pullOutput(limit: .max)
        }
        #expect(throws: HTTP2Error(.flooded, "")) {
            for index in 0..<2 {
                try session.receive(flood.frames(flood.allowed + index), now: now)
                _ = try session.pullOutput(limit: .max)
            }
        }
        // The peer is told: GOAWAY with ENHANCE_YOUR_CALM.
        let farewell = try #require(try session.pullOutput(limit: .max))
        #expect(farewell.readableBytesView.contains(sequence: [0, 0, 0, 0x0b]))
        #expect(session.failure?.code == .flooded)
    }

    @Test(arguments: floods)
    func slowFloodIsNone(_ flood: Flood) throws {
        let session = try server()
        if flood.isOnStream { try session.receive(headersFrame(stream: 1), now: now) }
        for index in 0..<(flood.allowed * 2) {
            // Half of the frames in one window, half in the next.
            let time = index < flood.allowed ? now : now + .seconds(11)
            try session.receive(flood.frames(index), now: time)
            _ = try session.pullOutput(limit: .max)
        }
        #expect(session.failure == nil)
    }

    @Test func pingsThatFollowDataAreFree() throws {
        let session = try server()
        try session.receive(headersFrame(stream: 1), now: now)
        try session.submitResponse(stream: 1, responseFields, endStream: false)
        for _ in 0..<300 {
            session.write(stream: 1, ByteBuffer(repeating: 1, count: 10))
            _ = try session.pullOutput(limit: .max)
            try session.receive(frame(6, stream: 0, [1, 2, 3, 4, 5, 6, 7, 8]), now: now)
        }
        #expect(session.failure == nil)
    }

    @Test func continuationsWithoutEndAreRefused() throws {
        let session = try server()
        try session.receive(headersFrame(stream: 1, flags: 0), now: now)
        var pieces = 0
        while session.failure == nil, pieces < 1_000 {
            // A literal field without indexing, name "a", value of 100 bytes.
            let field = [0x00, 0x01, 0x61, 0x64] + [UInt8](repeating: 0x62, count: 100)
            try? session.receive(frame(9, stream: 1, field), now: now)
            _ = try session.pullOutput(limit: .max)
            pieces += 1
        }
        #expect(pieces < 1_000)
        #expect(session.failure != nil)
    }

    @Test func unreadAnswersAreBounded() throws {
        let session = try server { $0.limits.maxIdlePings = .max }
        #expect(throws: HTTP2Error.self) {
            for _ in 0..<5_000 {
                try session.receive(frame(6, stream: 0, [1, 2, 3, 4, 5, 6, 7, 8]), now: now)
            }
        }
    }

    @Test func brokenFrameEndsTheConnection() throws {
        let session = try server()
        // DATA on stream 0 (RFC 9113 section 6.1).
        try session.receive(frame(0, stream: 0, [1]), now: now)
        _ = try session.pullOutput(limit: .max)
        #expect(session.failure?.code == .protocolViolation)
    }

    @Test func overfilledWindowIsAFlowControlError() throws {
        let session = try server { $0.streamWindowBytes = 65_535 }
        try session.receive(headersFrame(stream: 1), now: now)
        for _ in 0..<5 {
            try? session.receive(frame(0, stream: 1, [UInt8](repeating: 0, count: 16_384)), now: now)
        }
        var events = session.takeEvents()
        _ = try session.pullOutput(limit: .max)
        events += session.takeEvents()
        #expect(events.closeCode(1) == .flowControlError || session.failure != nil)
    }

    // MARK: - Preface

    static let wrongClients: [(bytes: [UInt8], says: String)] = [
        (Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), "HTTP/1.1"),
        (Array("POST /v1/peering HTTP/1.1\r\n\r\n".utf8), "HTTP/1.1"),
        ([0x16, 0x03, 0x01, 0x02, 0x00], "TLS"),
        (Array("PROXY TCP4 1.2.3.4".utf8), "the PROXY protocol"),
        ([0xde, 0xad, 0xbe, 0xef], "deadbeef"),
    ]

    @Test(arguments: wrongClients)
    func serverNamesWhatItSaw(bytes: [UInt8], says: String) throws {
        let session = try HTTP2Session(role: .server)
        let error = #expect(throws: HTTP2Error(.badPreface, "")) {
            try session.receive(ByteBuffer(bytes: bytes), now: now)
        }
        #expect(error?.message.contains(says) == true)
        #expect(session.failure?.code == .badPreface)
    }

    @Test(
        arguments: [
            (Array("HTTP/1.1 400 Bad Request\r\n".utf8), "HTTP/1.1"), ([0x15, 0x03, 0x01, 0x00, 0x02], "TLS"),
            ([0, 0, 0, 6, 0, 0, 0, 0, 0], "000000060000000000"),
        ] as [([UInt8], String)])
    func clientNamesWhatItSaw(bytes: [UInt8], says: String) throws {
        let session = try HTTP2Session(role: .client)
        let error = #expect(throws: HTTP2Error(.badPreface, "")) {
            try session.receive(ByteBuffer(bytes: bytes), now: now)
        }
        #expect(error?.message.contains(says) == true)
    }

    @Test func prefaceIsRecognisedInPieces() throws {
        var inspector = PrefaceInspector(role: .server)
        for byte in PrefaceInspector.clientMagic {
            #expect(!inspector.isComplete)
            try inspector.bytesReceived(ByteBuffer(bytes: [byte]))
        }
        #expect(inspector.isComplete)
        try inspector.bytesReceived(ByteBuffer(string: "anything"))
    }
}

extension Collection where Element == UInt8 {
    func contains(sequence: [UInt8]) -> Bool {
        let bytes = Array(self)
        guard bytes.count >= sequence.count else { return false }
        return (0...(bytes.count - sequence.count)).contains { bytes[$0...].starts(with: sequence) }
    }
}
