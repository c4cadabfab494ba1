/// A cluster that is dialed: the name that it proves itself by, and where it is.
package struct DialTarget: Hashable, Sendable {
    /// SNI and certificate name.
    package var serverName: String
    /// `host:port` each, manual ones before replicated ones.
    package var addresses: [String]

    package init(serverName: String, addresses: [String]) {
        self.serverName = serverName
        self.addresses = addresses
    }
}
