import CatalogCore
import DocumentCore

/// Reads how a check is run, with Consul's rules, defaults and words.
struct CheckRunning {
    /// `ttl`, `http`, ...; empty for a check that has only a status.
    private(set) var type = ""
    private(set) var interval: GoDuration?
    private(set) var timeout: GoDuration?
    /// Nil for a check that has only a status, and if something was wrong.
    private(set) var plan: CheckPlan?

    /// - Parameters:
    ///   - start: the check's status before its first run.
    ///   - hasStatus: whether that was said, and so says something without a run.
    init(_ map: inout MapReader, start: HealthStatus, hasStatus: Bool) {
        let problemsBefore = map.collector.problems.count
        interval = map.duration("interval")
        timeout = map.duration("timeout")
        let lifetime = map.duration("ttl")
        let tls = CheckTLS(
            serverName: map.string("tls_server_name") ?? "", skipsVerification: map.bool("tls_skip_verify") ?? false)
        let counts = 0...Int(Int32.max)
        let success = map.integer("success_before_passing", in: counts) ?? 0
        let critical = map.integer("failures_before_critical", in: counts) ?? 0
        let warning = map.integer("failures_before_warning", in: counts) ?? 0
        let outputBytes = map.integer("output_max_size", in: Int(Int32.min)...Int(Int32.max)) ?? 0
        let reap = map.duration("deregister_critical_service_after")
        // The order is Consul's: a definition with several is the first of these.
        let grpc = Self.grpc(&map, tls)
        let http = Self.http(&map, tls)
        let tcp = Self.tcp(&map, tls)
        let udp = Self.target(&map, "udp").map { CheckProbe.udp($0) }
        let alias = Self.alias(&map)
        let h2ping = Self.h2ping(&map, tls)
        let unsupported = Self.unsupported(&map)
        let timed: [(String, CheckProbe?)] = [
            ("grpc", grpc), ("http", http), ("tcp", tcp), ("udp", udp), ("h2ping", h2ping),
        ]
        let isTTL = lifetime.map { $0.nanoseconds != 0 } ?? false
        let hasRun = timed.contains { $0.1 != nil } || unsupported
        let rules = Rules(
            isRun: hasRun, isAlias: alias != nil, hasStatus: hasStatus, interval: interval?.nanoseconds ?? 0,
            lifetime: lifetime?.nanoseconds ?? 0, outputBytes: outputBytes, warning: warning, critical: critical)
        // Of values that cannot be read no rule can be said to be broken.
        let isReadable = map.collector.problems.count == problemsBefore
        if isReadable, let (key, words) = rules.broken { map.consulRefuses(key, words) }
        let probe: CheckProbe?
        if let found = timed.first(where: { $0.1 != nil }) {
            (type, probe) = (found.0, found.1)
        } else if let alias {
            (type, probe) = ("alias", alias)
        } else if isTTL, let lifetime {
            (type, probe) = ("ttl", .ttl(lifetime.duration))
        } else {
            probe = nil
        }
        guard let probe else { return }
        plan = CheckPlan(
            probe: probe, start: start, interval: Self.interval(interval), timeout: Self.timeout(timeout),
            successBeforePassing: success, failuresBeforeWarning: warning == 0 ? critical : warning,
            failuresBeforeCritical: critical, maxOutputBytes: Self.outputBytes(outputBytes),
            deregisterAfter: Self.reap(reap))
    }

    // MARK: - What is asked

    private static func target(_ map: inout MapReader, _ key: String) -> String? {
        guard let target = map.string(key), !target.isEmpty else { return nil }
        return target
    }

    private static func grpc(_ map: inout MapReader, _ tls: CheckTLS) -> CheckProbe? {
        let usesTLS = map.bool("grpc_use_tls") ?? false
        guard let target = target(&map, "grpc") else { return nil }
        let parts = target.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let service = parts.count > 1 ? String(parts[1]) : ""
        return .grpc(String(parts[0]), service: service, tls: usesTLS ? tls : nil)
    }

    private static func http(_ map: inout MapReader, _ tls: CheckTLS) -> CheckProbe? {
        let method = map.string("method") ?? ""
        let headers = map.listMap("header") ?? [:]
        let body = map.string("body") ?? ""
        let keepsRedirects = map.bool("disable_redirects") ?? false
        guard let url = target(&map, "http") else { return nil }
        return .http(
            HTTPProbe(
                url: url, method: method.isEmpty ? "GET" : method, headers: headers, body: body,
                followsRedirects: !keepsRedirects, tls: tls))
    }

    private static func tcp(_ map: inout MapReader, _ tls: CheckTLS) -> CheckProbe? {
        let usesTLS = map.bool("tcp_use_tls") ?? false
        return target(&map, "tcp").map { .tcp($0, tls: usesTLS ? tls : nil) }
    }

    private static func h2ping(_ map: inout MapReader, _ tls: CheckTLS) -> CheckProbe? {
        let usesTLS = map.bool("h2ping_use_tls") ?? true
        return target(&map, "h2ping").map { .h2ping($0, tls: usesTLS ? tls : nil) }
    }

    private static func alias(_ map: inout MapReader) -> CheckProbe? {
        let target = AliasTarget(
            node: map.name("alias_node") ?? "", serviceID: map.name("alias_service") ?? "")
        return target.node.isEmpty && target.serviceID.isEmpty ? nil : .alias(target)
    }

    /// Refuses what would need a program or the machine's service manager.
    ///
    /// - Returns: whether there was such a thing.
    private static func unsupported(_ map: inout MapReader) -> Bool {
        let isScript = ["args", "script_args"].filter { !(map.strings($0) ?? []).isEmpty }.first
        let isContainer = target(&map, "docker_container_id") != nil
        let isService = target(&map, "os_service") != nil
        map.ignore("shell")
        let instead = "let it report through a TTL check, or ask it with a tcp, http or grpc check"
        if isContainer || isScript != nil {
            let key = isContainer ? "docker_container_id" : isScript
            map.invalid(key, "script and docker checks are not run: hawser runs no programs; \(instead)")
        }
        if isService {
            map.invalid("os_service", "os_service checks are not run: hawser asks no service manager; \(instead)")
        }
        return isScript != nil || isContainer || isService
    }

    // MARK: - Bounds

    private static func interval(_ given: GoDuration?) -> Duration {
        guard let given, given.nanoseconds > 0 else { return .zero }
        return max(given.duration, CheckPlan.minInterval)
    }

    private static func timeout(_ given: GoDuration?) -> Duration {
        guard let given, given.nanoseconds > 0 else { return CheckPlan.defaultTimeout }
        return given.duration
    }

    private static func outputBytes(_ given: Int) -> Int {
        given > 0 ? min(given, CheckPlan.defaultOutputBytes) : CheckPlan.defaultOutputBytes
    }

    private static func reap(_ given: GoDuration?) -> Duration? {
        guard let given, given.nanoseconds > 0 else { return nil }
        return max(given.duration, CheckPlan.minDeregisterAfter)
    }
}

/// What goes together in a check, in the words that Consul's clients know.
private struct Rules {
    var isRun: Bool
    var isAlias: Bool
    /// A check that can never run and has no status says nothing, so it is refused.
    var hasStatus: Bool
    var interval: Int64
    var lifetime: Int64
    var outputBytes: Int
    var warning: Int
    var critical: Int

    /// The first rule that is broken, with the key to show.
    var broken: (key: String?, words: String)? {
        if interval > 0, lifetime > 0 { return ("ttl", "Interval and TTL cannot both be specified") }
        if isRun, interval <= 0 {
            return ("interval", "Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks")
        }
        if isRun, isAlias { return ("interval", "Interval cannot be set for Alias checks") }
        if isAlias, lifetime > 0 { return ("ttl", "TTL must be not be set for Alias checks") }
        if !isRun, !isAlias, lifetime < 0 || lifetime == 0 && !hasStatus {
            return (lifetime < 0 ? "ttl" : nil, "TTL must be > 0 for TTL checks")
        }
        if outputBytes < 0 { return ("output_max_size", "MaxOutputMaxSize must be positive") }
        if warning > critical {
            return ("failures_before_warning", "FailuresBeforeWarning can't be higher than FailuresBeforeCritical")
        }
        return nil
    }
}
