import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// The methods that the daemon's API uses.
enum ClientMethod: String, Sendable {
    case get = "GET"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
}

/// A request to the daemon.
struct ClientRequest: Sendable {
    var method: ClientMethod
    /// Percent-encoded, with its query.
    var target: String
    var body: [UInt8] = []
    /// Seconds until the answer must be complete; nil waits as long as the connection stands.
    var seconds: Int64?
}

/// What the daemon said.
struct ClientAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]

    func header(_ name: String) -> String? { headers.first(name: name) }
}

/// Asks the daemon over HTTP/1.1, a connection for each request: commands are short, and a command that waits for
/// an answer holds up nobody.
struct HTTPClient: Sendable {
    var address: DaemonAddress
    /// For an address that asks for TLS.
    var security: ClientSecurity?
    /// Sent as `X-Consul-Token` unless empty.
    var token = ""
    var limits = ClientLimits()

    private struct Connection {
        let channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPPart<HTTPRequestHead, ByteBuffer>>
        /// Fails for a daemon that cannot be trusted, before anything is said to it.
        let secured: EventLoopFuture<Void>
    }

    /// One request and its whole answer, whatever its status.
    func send(_ request: ClientRequest) async throws(ClientError) -> ClientAnswer {
        try await within(request.seconds) { [self] in
            var answer: ClientAnswer?
            try await exchange(request) { part in
                switch part {
                case .head(let head):
                    answer = ClientAnswer(status: Int(head.status.code), headers: head.headers, body: [])
                case .body(let buffer):
                    answer?.body.append(contentsOf: buffer.readableBytesView)
                    if answer?.body.count ?? 0 > limits.maxAnswerBytes {
                        throw ClientError(.malformed, "the answer is longer than \(limits.maxAnswerBytes) bytes")
                    }
                case .end:
                    return false
                }
                return true
            }
            guard let answer else { throw disconnected }
            return answer
        }
    }

    /// Streams the lines of an answer as they come, until the daemon ends it in order.
    ///
    /// - Parameters:
    ///   - begun: called when the daemon has taken the request.
    ///   - line: called for each line, without its line break. A line that was cut off is none.
    /// - Throws: `ClientError`, also if the answer ends in the middle; what `line` throws.
    func lines(
        of request: ClientRequest, begun: () -> Void = {},
        _ line: (ArraySlice<UInt8>) throws(CommandFailure) -> Void
    ) async throws {
        var reader = LineReader(limits: limits)
        do {
            try await exchange(request) { part in try reader.received(part, begun: begun, line: line) }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw ClientError(error, address: address)
        }
        guard reader.isComplete else { throw disconnected }
    }

    private var disconnected: ClientError {
        .closed(by: address)
    }

    /// Connects, sends, and hands over each part of the answer until the closure returns false or the peer closes.
    private func exchange(
        _ request: ClientRequest, _ received: (HTTPClientResponsePart) throws -> Bool
    ) async throws {
        let connection = try await connect()
        try await connection.channel.executeThenClose { inbound, outbound in
            try await connection.secured.get()
            // In one piece: a daemon may have answered and closed before a second one.
            var parts: [HTTPPart<HTTPRequestHead, ByteBuffer>] = [.head(head(of: request))]
            if !request.body.isEmpty { parts.append(.body(ByteBuffer(bytes: request.body))) }
            try await outbound.write(contentsOf: parts + [.end(nil)])
            for try await part in inbound {
                guard try received(part) else { return }
            }
        }
    }

    private func head(of request: ClientRequest) -> HTTPRequestHead {
        var head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: request.target)
        head.headers.add(name: "Host", value: address.authority)
        head.headers.add(name: "Connection", value: "close")
        if !request.body.isEmpty || request.method != .get {
            head.headers.add(name: "Content-Length", value: "\(request.body.count)")
        }
        if !token.isEmpty { head.headers.add(name: "X-Consul-Token", value: token) }
        return head
    }

    private func connect() async throws -> Connection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(limits.connectSeconds))
        if let path = address.socketPath {
            return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: prepare)
        }
        // A daemon whose machine is gone says nothing, and who only listens would not notice.
        return try await bootstrap.channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE)), value: limits.keepaliveIdleSeconds)
            .channelOption(
                .tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL)), value: limits.keepaliveIntervalSeconds
            )
            .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPCNT)), value: limits.keepaliveProbes)
            .connect(host: address.host, port: address.port, channelInitializer: prepare)
    }

    @Sendable
    private func prepare(_ channel: any Channel) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            var secured = channel.eventLoop.makeSucceededVoidFuture()
            if let security { secured = try security.add(to: channel, host: address.host) }
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(BufferOnlyHandler())
            return Connection(channel: try NIOAsyncChannel(wrappingChannelSynchronously: channel), secured: secured)
        }
    }

    /// Runs with a time limit, and puts errors into sentences.
    private func within<Result: Sendable>(
        _ seconds: Int64?, _ work: @escaping @Sendable () async throws -> Result
    ) async throws(ClientError) -> Result {
        do {
            guard let seconds else { return try await work() }
            return try await withThrowingTaskGroup(of: Result.self) { group in
                group.addTask { try await work() }
                group.addTask {
                    try await Task.sleep(for: .seconds(seconds))
                    throw ClientError(.timedOut, "the daemon at \(address) did not answer within \(seconds) s")
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw disconnected }
                return first
            }
        } catch {
            throw ClientError(error, address: address)
        }
    }
}

/// Lets requests be written as plain buffers.
private final class BufferOnlyHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPPart<HTTPRequestHead, ByteBuffer>
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPClientRequestPart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let buffer): .body(.byteBuffer(buffer))
            case .end(let trailers): .end(trailers)
            }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}

/// Cuts a streamed answer into lines.
private struct LineReader {
    let limits: ClientLimits
    private var status = 200
    private var pending: [UInt8] = []
    /// Whether the answer came to its end.
    private(set) var isComplete = false

    init(limits: ClientLimits) {
        self.limits = limits
    }

    /// - Returns: whether more is wanted.
    mutating func received(
        _ part: HTTPClientResponsePart, begun: () -> Void, line: (ArraySlice<UInt8>) throws(CommandFailure) -> Void
    ) throws -> Bool {
        switch part {
        case .head(let head):
            status = Int(head.status.code)
            if status == 200 { begun() }
        case .body(let buffer):
            pending.append(contentsOf: buffer.readableBytesView)
            if status == 200 { try deliver(to: line) }
            if pending.count > limits.maxLineBytes {
                throw ClientError(.malformed, "a line of the answer is longer than \(limits.maxLineBytes) bytes")
            }
        case .end:
            if status != 200 {
                throw ClientError(.refused(status: status), String(decoding: pending, as: UTF8.self))
            }
            isComplete = true
            return false
        }
        return true
    }

    private mutating func deliver(to line: (ArraySlice<UInt8>) throws(CommandFailure) -> Void) throws(CommandFailure) {
        var rest = pending[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try line(rest[..<end])
            rest = rest[(end + 1)...]
        }
        pending = Array(rest)
    }
}
