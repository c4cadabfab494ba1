package import CatalogCore
package import DocumentCore

/// Reads `check` and `checks` of a service definition, and the body of `PUT /v1/agent/check/register`.
///
/// `status` is how a check starts; without it a check is critical until its first run says otherwise.
package enum CheckDefinition {
    static func checks(_ map: inout MapReader, of service: NodeService) -> [HealthCheck] {
        var checks = map.maps("check") { check(&$0, of: service) } ?? []
        checks += map.maps("checks") { check(&$0, of: service) } ?? []
        number(&checks, of: service)
        var seen: Set<String> = []
        for check in checks where !seen.insert(check.checkID).inserted {
            map.invalid("checks", "the check ID \(quoted(check.checkID)) stands twice in one definition")
        }
        return checks
    }

    /// What a sidecar is checked by if its definition has no checks (gateway data plane, section 5.3).
    ///
    /// - Parameter sidecar: its port may be left to the agent still.
    static func ofSidecar(_ sidecar: NodeService, of parent: NodeService) -> [HealthCheck] {
        let local = sidecar.proxy?.localServiceAddress ?? ""
        let host = sidecar.address.isEmpty ? local : sidecar.address
        let address = "\(host.contains(":") ? "[\(host)]" : host):\(sidecar.port)"
        let interval = GoDuration(nanoseconds: 10_000_000_000)
        let listening = CheckPlan(probe: .tcp(address, tls: nil), interval: interval.duration)
        let aliasing = CheckPlan(probe: .alias(AliasTarget(serviceID: parent.id)))
        var checks = [
            HealthCheck(
                node: "", checkID: "", name: "Connect Sidecar Listening", status: .critical, type: "tcp",
                interval: interval.description, plan: listening),
            HealthCheck(
                node: "", checkID: "", name: "Connect Sidecar Aliasing \(parent.id)", status: .critical,
                type: "alias", plan: aliasing),
        ]
        for index in checks.indices { belong(&checks[index], to: sidecar) }
        number(&checks, of: sidecar)
        return checks
    }

    /// Reads a check that is registered by itself, which must have a name. Its `serviceID` says whose it is; the service's name and tags are
    /// known where it is looked up.
    package static func registered(_ map: inout MapReader) -> HealthCheck {
        let serviceID = map.name("service_id") ?? ""
        var check = common(&map)
        if check.checkID.isEmpty {
            map.requireName(check.name, "name")
            check.checkID = check.name
        }
        check.serviceID = serviceID
        return check
    }

    /// Reads a check of a catalog registration: its state is what is said, for nobody runs it.
    static func ofCatalog(_ map: inout MapReader) -> HealthCheck? {
        let name = map.string("name") ?? ""
        let id = map.name("check_id") ?? ""
        if id.isEmpty { map.requireName(name, "name") }
        guard !id.isEmpty || !name.isEmpty else {
            map.consulRefuses("check_id", "Must provide check ID or name")
            return nil
        }
        return HealthCheck(
            node: "", checkID: id.isEmpty ? name : id, name: name,
            status: checkedStatus(map.string("status") ?? "", map), notes: map.string("notes") ?? "",
            output: map.string("output") ?? "", serviceID: map.name("service_id") ?? "",
            type: map.string("type") ?? "", definition: map.map("definition") { definition(&$0) } ?? [])
    }

    /// What monitors that watch the catalog go by. Empty values are left out, as Consul leaves them out.
    private static func definition(_ map: inout MapReader) -> [DocumentMember] {
        var members = map.kept(definitionSettings)
        for key in ["Interval", "Timeout", "DeregisterCriticalServiceAfter"] {
            guard let span = map.duration(key), span.nanoseconds != 0 else { continue }
            members.append(DocumentMember(key, Document(.string(span.description))))
        }
        return members
    }

    private static let definitionSettings = [
        KeptSetting("HTTP", .string), KeptSetting("TLSServerName", .string), KeptSetting("TLSSkipVerify", .boolean),
        KeptSetting("Header", .opaqueMap), KeptSetting("Method", .string), KeptSetting("Body", .string),
        KeptSetting("DisableRedirects", .boolean), KeptSetting("TCP", .string), KeptSetting("TCPUseTLS", .boolean),
        KeptSetting("UDP", .string), KeptSetting("H2PING", .string), KeptSetting("H2PingUseTLS", .boolean),
        KeptSetting("OSService", .string), KeptSetting("GRPC", .string), KeptSetting("GRPCUseTLS", .boolean),
        KeptSetting("AliasNode", .string), KeptSetting("AliasService", .string),
    ]

    // MARK: - Parts

    private static func check(_ map: inout MapReader, of service: NodeService) -> HealthCheck? {
        map.ignore("service_id")
        var check = common(&map)
        if check.name.isEmpty { check.name = "Service '\(service.service)' check" }
        belong(&check, to: service)
        return check
    }

    private static func belong(_ check: inout HealthCheck, to service: NodeService) {
        check.serviceID = service.id
        check.serviceName = service.service
        check.serviceTags = service.tags
    }

    /// Names those without an ID after their service, by their place if there are several.
    private static func number(_ checks: inout [HealthCheck], of service: NodeService) {
        for index in checks.indices where checks[index].checkID.isEmpty {
            checks[index].checkID = "service:\(service.id)" + (checks.count > 1 ? ":\(index + 1)" : "")
        }
    }

    private static func common(_ map: inout MapReader) -> HealthCheck {
        let id = map.name("id") ?? ""
        let checkID = map.name("check_id") ?? ""
        let name = map.string("name") ?? ""
        let status = map.string("status") ?? ""
        let notes = map.string("notes") ?? ""
        map.ignore("token", "session_name")
        let start = checkedStatus(status, map)
        let running = CheckRunning(&map, start: start, hasStatus: !status.isEmpty)
        return HealthCheck(
            node: "", checkID: checkID.isEmpty ? id : checkID, name: name, status: start,
            notes: notes, type: running.type, interval: text(running.interval), timeout: text(running.timeout),
            plan: running.plan)
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
}
