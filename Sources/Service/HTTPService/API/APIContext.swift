import Hummingbird
import NIOCore
import PeeringCore

/// What a request carries besides itself: the connection that it came over.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Whether the door that the connection came through opens only for those who may do everything.
    var isTrusted = false
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        isTrusted = DoorChannel.isTrusted
    }

    /// `host:port` of the client; empty if it is on no network.
    var remote: String {
        guard let address = channel.remoteAddress, let host = address.ipAddress, let port = address.port else {
            return ""
        }
        return HostPort(host: host, port: port).description
    }

    /// Looked up only by requests that wait. A connection that is closed already has no handlers left.
    func client() async -> ClientGone {
        let found = channel.pipeline.handler(type: ClientGoneHandler.self).map { $0.client }
        if let client = try? await found.get() { return client }
        let gone = ClientGone()
        gone.clientLeft()
        return gone
    }
}
