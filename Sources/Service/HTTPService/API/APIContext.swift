import Hummingbird
import Listening
import NIOCore
import PeeringCore

/// What a request carries besides itself: the connection that it came over.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Whose process it is at the other end of a Unix socket; nil over a network.
    private let credentials: PeerCredentials?
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        credentials = DoorChannel.credentials
    }

    /// Whether the client needs no token.
    var isTrusted: Bool { credentials?.mayDoAnything ?? false }

    /// `host:port` of the client, or which process of which user it is.
    var remote: String {
        if let credentials { return "unix:uid=\(credentials.user),pid=\(credentials.process)" }
        guard let address = channel.remoteAddress, let host = address.ipAddress, let port = address.port else {
            return ""
        }
        return HostPort(host: host, port: port).description
    }

    /// Runs the work when the connection's event loop has done what it had to do by now.
    func afterPresentWork(_ work: @escaping @Sendable () -> Void) { channel.eventLoop.execute(work) }

    /// Looked up only by requests that wait. A connection that is closed already has no handlers left.
    func client() async -> ClientGone {
        let found = channel.pipeline.handler(type: ClientGoneHandler.self).map { $0.client }
        if let client = try? await found.get() { return client }
        let gone = ClientGone()
        gone.clientLeft()
        return gone
    }
}
