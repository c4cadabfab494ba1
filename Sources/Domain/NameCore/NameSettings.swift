package import ConfigCore
import DocumentCore

/// What the directory has to know of the agent and its settings.
package struct NameSettings: Sendable {
    /// The labels of the domains that are answered for. What has no domain of its own gets the first.
    let domains: [[String]]
    let datacenter: String
    /// The agent's own, which stands for the server of the domain.
    let nodeName: String
    let onlyPassing: Bool
    /// In seconds, as all times here.
    let nodeTTL: UInt32
    private let serviceTTLs: [String: UInt32]
    /// By what names begin with, the longest first.
    private let prefixTTLs: [(prefix: String, ttl: UInt32)]
    /// How many addresses an answer has at most; nil for all.
    let addressLimit: Int?
    let refresh: UInt32
    let retry: UInt32
    let expire: UInt32
    let minimum: UInt32

    package init(_ agent: ResolvedAgentConfiguration) {
        self.init(
            domains: [agent.domain, agent.altDomain].compactMap { $0 }, datacenter: agent.datacenter,
            nodeName: agent.nodeName, dns: agent.dns)
    }

    /// - Parameters:
    ///   - domains: the domain, and an alternate one if there is any.
    ///   - dns: what is nil there is as in Consul.
    package init(domains: [String], datacenter: String, nodeName: String, dns: DNSSettings = DNSSettings()) {
        self.domains = domains.map(Self.labels)
        self.datacenter = datacenter
        self.nodeName = nodeName
        onlyPassing = dns.onlyPassing ?? false
        nodeTTL = Self.seconds(dns.nodeTTL)
        let ttls = dns.serviceTTL ?? [:]
        serviceTTLs = ttls.filter { !$0.key.hasSuffix("*") }.mapValues(Self.seconds)
        prefixTTLs = ttls.filter { $0.key.hasSuffix("*") }
            .map { (prefix: String($0.key.dropLast()), ttl: Self.seconds($0.value)) }
            .sorted { $0.prefix.utf8.count > $1.prefix.utf8.count }
        addressLimit = dns.addressLimit.flatMap { $0 > 0 ? $0 : nil }
        refresh = UInt32(dns.soaRefresh ?? 3_600)
        retry = UInt32(dns.soaRetry ?? 600)
        expire = UInt32(dns.soaExpire ?? 86_400)
        minimum = UInt32(dns.soaMinimum ?? 0)
    }

    func serviceTTL(of name: String) -> UInt32 {
        serviceTTLs[name] ?? prefixTTLs.first { name.hasPrefix($0.prefix) }?.ttl ?? 0
    }

    private static func seconds(_ duration: GoDuration?) -> UInt32 {
        UInt32(clamping: (duration?.nanoseconds ?? 0) / 1_000_000_000)
    }

    /// Of a name as people write it, with or without the dot at its end.
    static func labels(_ name: String) -> [String] {
        name.split(separator: ".").map(String.init)
    }
}
