/// Who can reach an address, as far as it says so itself: nothing is resolved or tried.
package enum AddressReach: Hashable, Sendable {
    case anybody
    /// Programs on the same machine only.
    case thisMachine
    /// Nobody can connect there: why, as what a sentence says of the address.
    case nobody(String)
}

extension HostPort {
    package var reach: AddressReach {
        let name = host.lowercased()
        if name == "localhost" || name.hasSuffix(".localhost") { return .thisMachine }
        if let octets = Self.octets(of: name) { return Self.reach(of: octets) }
        return name.contains(":") ? Self.reach(ofIPv6: name) : .anybody
    }

    /// A sentence without its full stop; nil if somebody may reach it.
    package var whyNobodyReachesIt: String? {
        guard case .nobody(let reason) = reach else { return nil }
        return "\(description) \(reason)"
    }

    /// Special addresses of IPv4 (RFC 6890 section 2.2.2, RFC 5771).
    private static func reach(of octets: [UInt8]) -> AddressReach {
        switch (octets[0], octets) {
        case (0, _): .nobody("stands for every address of a machine and leads to none")
        case (127, _): .thisMachine
        case (_, [255, 255, 255, 255]): .nobody("is the address for broadcasts")
        case (224...239, _): .nobody("is a multicast address")
        default: .anybody
        }
    }

    /// The same of IPv6 (RFC 4291 section 2.4); an IPv4 address inside counts as itself.
    private static func reach(ofIPv6 text: String) -> AddressReach {
        if let colon = text.lastIndex(of: ":"), let octets = octets(of: String(text[text.index(after: colon)...])) {
            return reach(of: octets)
        }
        let digits = text.filter { $0 != ":" && $0 != "0" }
        if digits.isEmpty { return .nobody("stands for every address of a machine and leads to none") }
        if digits == "1", text.hasSuffix("1") { return .thisMachine }
        if text.hasPrefix("ff") { return .nobody("is a multicast address") }
        // fe80::/10: it needs the name of an interface, which means nothing on another machine.
        let isLinkLocal = ["fe8", "fe9", "fea", "feb"].contains { text.hasPrefix($0) }
        return isLinkLocal ? .nobody("holds on one network link only") : .anybody
    }

    private static func octets(of text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let octets = parts.compactMap { UInt8($0) }
        return parts.count == 4 && octets.count == 4 ? octets : nil
    }
}
