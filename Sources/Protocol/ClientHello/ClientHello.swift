/// What a TLS client says in the clear before anything is encrypted, as far as a route can depend on it.
///
/// The names are safe to compare, to store as keys and to print: `HostNameBytes` and `ProtocolNameBytes` have the
/// rules. With Encrypted Client Hello it is the outer name, the one that is meant to be seen (RFC 9849).
package struct ClientHello: Sendable, Hashable {
    /// The host that the client asks for (RFC 6066 section 3): lower case, without the dot of the root, at least one
    /// byte of letters, digits, `-`, `_` and `.`, and no IP address. Of several hosts the first. Nil if the client
    /// sent none; a name that breaks the rules refuses the hello instead.
    package var serverName: String?
    /// The protocols of ALPN (RFC 7301), in the client's order of preference. Those that no route can name, such as
    /// most of the reserved ones of RFC 8701, and those past `ClientHelloLimits` are left out.
    package var protocols: [String]

    package init(serverName: String? = nil, protocols: [String] = []) {
        self.serverName = serverName
        self.protocols = protocols
    }
}

/// What one client can make the parser read and keep.
package struct ClientHelloLimits: Sendable, Hashable {
    /// Bytes from the first of the connection to the last of the hello, headers of records included. Real hellos are
    /// of 200 to 2,000 bytes, those with post-quantum keys and a ticket that holds a certificate chain reach 8,000;
    /// 16 KiB is also what fits in one record. Whoever peeks must be able to hold as many.
    package var maxBytes = 16_384
    /// Bytes of a server name as sent, the dot of the root included (RFC 1035 section 2.3.4).
    package var maxNameBytes = 255
    /// Protocols that are kept. Clients offer two or three.
    package var maxProtocols = 16
    /// Bytes of the protocols that are kept, all together.
    package var maxProtocolBytes = 512

    package init() {}
}
