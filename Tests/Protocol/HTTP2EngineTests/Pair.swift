import HTTP2Engine
import NIOCore

/// A client and a server session with a wire of memory between them.
struct Pair {
    let client: HTTP2Session
    let server: HTTP2Session
    var clientEvents: [HTTP2Event] = []
    var serverEvents: [HTTP2Event] = []
    /// Largest piece that a session gets at once.
    var piece: Int
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)

    init(
        piece: Int = .max, client: HTTP2Configuration = HTTP2Configuration(),
        server: HTTP2Configuration = HTTP2Configuration()
    ) throws {
        self.client = try HTTP2Session(role: .client, configuration: client)
        self.server = try HTTP2Session(role: .server, configuration: server)
        self.piece = piece
    }

    /// Moves bytes both ways until nobody has any.
    mutating func settle() throws {
        var isMoving = true
        while isMoving {
            let toServer = try move(client, server)
            serverEvents += toServer.events
            let toClient = try move(server, client)
            clientEvents += toClient.events
            clientEvents += client.takeEvents()
            serverEvents += server.takeEvents()
            isMoving = toServer.moved || toClient.moved
        }
    }

    private func move(_ from: HTTP2Session, _ to: HTTP2Session) throws -> (moved: Bool, events: [HTTP2Event]) {
        var moved = false
        var events: [HTTP2Event] = []
        while var bytes = try from.pullOutput(limit: 64 * 1024) {
            moved = true
            while bytes.readableBytes > 0 {
                try to.receive(bytes.readSlice(length: min(piece, bytes.readableBytes))!, now: now)
                events += to.takeEvents()
            }
        }
        return (moved, events)
    }

    /// Opens a stream and settles.
    mutating func openRequest() throws -> HTTP2StreamID {
        let stream = try client.submitRequest(requestFields, endStream: false)
        try settle()
        return stream
    }
}

let requestFields = [
    HTTP2Field(":method", "POST"), HTTP2Field(":scheme", "http"), HTTP2Field(":path", "/s/m"),
    HTTP2Field(":authority", "a"),
]
let responseFields = [HTTP2Field(":status", "200")]

extension [HTTP2Event] {
    func data(_ stream: HTTP2StreamID) -> ByteBuffer {
        var all = ByteBuffer()
        for case .dataReceived(stream, let bytes) in self { all.writeImmutableBuffer(bytes) }
        return all
    }

    func headers(_ stream: HTTP2StreamID) -> [[HTTP2Field]] {
        compactMap { event in
            if case .headersReceived(stream, let fields, _) = event { return fields }
            return nil
        }
    }

    func closeCode(_ stream: HTTP2StreamID) -> HTTP2ErrorCode? {
        for case .streamClosed(stream, let code) in self { return code }
        return nil
    }
}

/// A frame, written by hand (RFC 9113 section 4.1).
func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8] = []) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(UInt8(payload.count >> 16))
    buffer.writeInteger(UInt16(payload.count & 0xffff))
    buffer.writeMultipleIntegers(type, flags, stream)
    buffer.writeBytes(payload)
    return buffer
}

/// The client's magic and an empty SETTINGS frame.
func preface() -> ByteBuffer {
    var buffer = ByteBuffer(bytes: PrefaceInspector.clientMagic)
    buffer.writeImmutableBuffer(frame(4, stream: 0))
    return buffer
}

/// A request's HEADERS frame: POST, http, /, and an authority, from HPACK's static table.
func headersFrame(stream: UInt32, flags: UInt8 = 0x4) -> ByteBuffer {
    frame(1, flags: flags, stream: stream, [0x83, 0x86, 0x84, 0x41, 0x01, 0x61])
}
