import Glibc
package import NIOCore

/// Who connected to a Unix socket, as the kernel says (unix(7), `SO_PEERCRED`): the layout is that of `struct ucred`.
package struct PeerCredentials: Hashable, Sendable {
    package var process: Int32
    package var user: UInt32
    package var group: UInt32

    package init(process: Int32, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }

    /// Root and the daemon's own user could read and change whatever the daemon has anyway.
    package var mayDoAnything: Bool { user == 0 || user == geteuid() }

    /// Asks the kernel. Called on the channel's event loop.
    package static func of(_ channel: any Channel) -> EventLoopFuture<PeerCredentials> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        return provider.unsafeGetSocketOption(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    }
}
