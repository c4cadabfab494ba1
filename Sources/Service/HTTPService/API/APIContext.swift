import Hummingbird
import NIOCore

/// What a request carries besides itself: the connection that it came over.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Whether it came by a door whose clients need no token.
    var isTrusted = false
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        isTrusted = DoorChannel.isTrusted
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
