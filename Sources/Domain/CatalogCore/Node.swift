/// A machine, or anything else that instances run on, as the catalog knows it (protocol section 3.4, `service.Node`).
package struct Node: Hashable, Sendable {
    /// A UUID in text form without version bits; may be empty on imported nodes.
    package var id: String
    /// Unique in its cluster and never empty.
    package var name: String
    /// Host name or IP address without a port.
    package var address: String
    package var datacenter: String
    /// `lan`, `wan`, `lan_ipv4`, ...: host names or IP addresses without a port.
    package var taggedAddresses: [String: String]
    package var meta: [String: String]
    package var locality: Locality?

    package init(
        id: String = "", name: String, address: String = "", datacenter: String = "",
        taggedAddresses: [String: String] = [:], meta: [String: String] = [:], locality: Locality? = nil
    ) {
        self.id = id
        self.name = name
        self.address = address
        self.datacenter = datacenter
        self.taggedAddresses = taggedAddresses
        self.meta = meta
        self.locality = locality
    }
}

/// Where a node or an instance runs, in words of its cloud.
package struct Locality: Hashable, Sendable {
    package var region: String
    package var zone: String

    package init(region: String = "", zone: String = "") {
        self.region = region
        self.zone = zone
    }
}
