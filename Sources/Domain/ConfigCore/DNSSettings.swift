package import DocumentCore

/// How DNS answers: Consul's `dns_config`, as far as it concerns a daemon that asks no other server. What no file says
/// is nil.
package struct DNSSettings: Hashable, Sendable {
    /// Instances that warn are not named either.
    package var onlyPassing: Bool?
    package var nodeTTL: GoDuration?
    /// By the name of the service, or by what it begins with before a `*`.
    package var serviceTTL: [String: GoDuration]?
    /// How many addresses an answer has at most; 0 for all.
    package var addressLimit: Int?
    /// Of the SOA record, in seconds.
    package var soaRefresh: Int?
    package var soaRetry: Int?
    package var soaExpire: Int?
    package var soaMinimum: Int?

    package init() {}

    /// These settings with those of a later file put over them.
    func merging(_ later: DNSSettings) -> DNSSettings {
        var merged = DNSSettings()
        merged.onlyPassing = later.onlyPassing ?? onlyPassing
        merged.nodeTTL = later.nodeTTL ?? nodeTTL
        merged.serviceTTL = later.serviceTTL ?? serviceTTL
        merged.addressLimit = later.addressLimit ?? addressLimit
        merged.soaRefresh = later.soaRefresh ?? soaRefresh
        merged.soaRetry = later.soaRetry ?? soaRetry
        merged.soaExpire = later.soaExpire ?? soaExpire
        merged.soaMinimum = later.soaMinimum ?? soaMinimum
        return merged
    }

    init(_ map: inout MapReader) {
        onlyPassing = map.bool("only_passing")
        nodeTTL = map.duration("node_ttl", negativeRefusal: "must not be negative")
        serviceTTL = Self.serviceTTL(&map)
        addressLimit = map.integer("a_record_limit", in: 0...Int(UInt16.max))
        let soa: SOA? = map.map("soa") { SOA(&$0) }
        soaRefresh = soa?.refresh
        soaRetry = soa?.retry
        soaExpire = soa?.expire
        soaMinimum = soa?.minimum
    }

    private static func serviceTTL(_ map: inout MapReader) -> [String: GoDuration]? {
        guard let texts = map.stringMap("service_ttl") else { return nil }
        var durations: [String: GoDuration] = [:]
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            guard let duration = GoDuration(text), duration.nanoseconds >= 0 else {
                map.invalid("service_ttl", "must hold durations such as \"10s\", and holds \(quoted(text)) of \(name)")
                continue
            }
            durations[name] = duration
        }
        return durations
    }

    private struct SOA {
        var refresh: Int?
        var retry: Int?
        var expire: Int?
        var minimum: Int?

        init(_ map: inout MapReader) {
            let seconds = 0...Int(UInt32.max)
            refresh = map.integer("refresh", in: seconds)
            retry = map.integer("retry", in: seconds)
            expire = map.integer("expire", in: seconds)
            minimum = map.integer("min_ttl", in: seconds)
        }
    }
}
