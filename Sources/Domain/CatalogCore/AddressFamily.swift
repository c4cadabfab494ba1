extension NodeService {
    /// Tags a service's IP address by its family, as agents do at the registration: `lan_ipv4` and `wan_ipv4`, or the
    /// same for IPv6. What was tagged so already stays. Host names have no family.
    package mutating func tagAddressByFamily() {
        guard let family = AddressFamily(address) else { return }
        for network in ["lan", "wan"] where taggedAddresses["\(network)_\(family.rawValue)"] == nil {
            taggedAddresses["\(network)_\(family.rawValue)"] = ServiceAddress(address: address, port: port)
        }
    }
}

/// The family of an IP address in text.
enum AddressFamily: String {
    case ipv4
    case ipv6

    /// Nil for what is no IP address. IPv6 is told by its colons and digits: what is no address at all was refused
    /// before, or is a name.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ (1...3).contains($0.utf8.count) && UInt8($0) != nil }) {
            self = .ipv4
        } else if text.contains(":"), text.utf8.allSatisfy(Self.isIPv6Byte) {
            self = .ipv6
        } else {
            return nil
        }
    }

    private static func isIPv6Byte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        case UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."): true
        default: false
        }
    }
}
