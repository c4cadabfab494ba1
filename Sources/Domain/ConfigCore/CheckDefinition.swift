import CatalogCore
import DocumentCore

/// Reads `check` and `checks` of a service definition.
///
/// Checks are not run: what a definition says of its health is `status`, and a check without one is critical, as
/// in Consul before its first run.
enum CheckDefinition {
    static func checks(_ map: inout MapReader, of service: NodeService) -> [HealthCheck] {
        var checks = map.maps("check") { check(&$0, of: service) } ?? []
        checks += map.maps("checks") { check(&$0, of: service) } ?? []
        for index in checks.indices where checks[index].checkID.isEmpty {
            checks[index].checkID = "service:\(service.id)" + (checks.count > 1 ? ":\(index + 1)" : "")
        }
        var seen: Set<String> = []
        for check in checks where !seen.insert(check.checkID).inserted {
            map.invalid("checks", "the check ID \(quoted(check.checkID)) stands twice in one definition")
        }
        return checks
    }

    private static func check(_ map: inout MapReader, of service: NodeService) -> HealthCheck? {
        let id = map.string("id") ?? ""
        let checkID = map.string("check_id") ?? ""
        let name = map.string("name") ?? ""
        let status = map.string("status") ?? ""
        let notes = map.string("notes") ?? ""
        let interval = map.duration("interval")
        let timeout = map.duration("timeout")
        let lifetime = map.duration("ttl")
        let type = type(&map, hasLifetime: lifetime != nil)
        ignoreRest(&map)
        validateTimes(type, interval, lifetime, hasStatus: !status.isEmpty, map)
        return HealthCheck(
            node: "", checkID: checkID.isEmpty ? id : checkID,
            name: name.isEmpty ? "Service '\(service.service)' check" : name,
            status: checkedStatus(status, map), notes: notes, serviceID: service.id, serviceName: service.service,
            serviceTags: service.tags, type: type, interval: text(interval), timeout: text(timeout))
    }

    private static func text(_ duration: GoDuration?) -> String {
        guard let duration, duration.nanoseconds != 0 else { return "" }
        return duration.description
    }

    private static func checkedStatus(_ status: String, _ map: MapReader) -> HealthStatus {
        switch HealthStatus(rawValue: status) {
        case .passing: return .passing
        case .warning: return .warning
        case .critical: return .critical
        default:
            if !status.isEmpty {
                map.invalid("status", "must be passing, warning or critical, and is \(quoted(status))")
            }
            return .critical
        }
    }

    /// The kind of check, by the key that only it has.
    private static func type(_ map: inout MapReader, hasLifetime: Bool) -> String {
        let alias = map.string("alias_service")
        let aliasNode = map.string("alias_node")
        var type = alias != nil || aliasNode != nil ? "alias" : hasLifetime ? "ttl" : ""
        for key in ["http", "tcp", "udp", "grpc", "h2ping", "os_service"] {
            if let target = map.string(key), !target.isEmpty { type = key }
        }
        if map.member("docker_container_id") != nil { type = "docker" }
        if map.member("args") != nil || map.member("script_args") != nil, type != "docker" { type = "script" }
        return type
    }

    /// How to run a check, for when checks are run.
    private static func ignoreRest(_ map: inout MapReader) {
        map.ignore(
            "args", "script_args", "shell", "method", "header", "body", "disable_redirects", "output_max_size",
            "tcp_use_tls", "grpc_use_tls", "h2ping_use_tls", "tls_server_name", "tls_skip_verify",
            "success_before_passing", "failures_before_warning", "failures_before_critical",
            "deregister_critical_service_after", "service_id", "token", "session_name")
    }

    /// Consul's rules and words. A check that can never run and has no status says nothing, so it is refused.
    private static func validateTimes(
        _ type: String, _ interval: GoDuration?, _ lifetime: GoDuration?, hasStatus: Bool, _ map: MapReader
    ) {
        let interval = interval?.nanoseconds ?? 0
        let lifetime = lifetime?.nanoseconds ?? 0
        if interval > 0, lifetime > 0 {
            map.invalid("ttl", "Interval and TTL cannot both be specified")
            return
        }
        switch type {
        case "alias": break
        case "ttl", "":
            if lifetime <= 0, type == "ttl" || !hasStatus {
                map.invalid(type.isEmpty ? nil : "ttl", "TTL must be > 0 for TTL checks")
            }
        default:
            if interval <= 0 {
                map.invalid(
                    "interval", "Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks")
            }
        }
    }
}
