import CatalogCore
import DocumentCore

/// A check that a client registered by itself, of a service or of a node.
struct AddedCheckRow: StoredRow {
    static let table = "check"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var check: HealthCheck
    var modifyIndex: UInt64

    init(_ check: HealthCheck, modifyIndex: UInt64) {
        self.check = check
        self.modifyIndex = modifyIndex
    }

    init?(_ stored: StoredBytes) {
        let row: Self? = stored.map { map in
            CheckFields.decode(&map).map { Self($0, modifyIndex: map.index("ModifyIndex")) }
        }
        guard let row else { return nil }
        self = row
    }

    static func key(of id: String, on node: String) -> RowKey { RowKey(table, node, id) }

    var key: RowKey { Self.key(of: check.checkID, on: check.node) }
    var lastIndex: UInt64 { modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        let place = InstanceKey(node: check.node, id: check.serviceID)
        let names = state.cluster.catalog.put(check, at: place, index: modifyIndex)
        return (place.id.isEmpty ? [.localNode(place.node)] : []) + names.map { .localService($0) }
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let (node, id) = (parts.first ?? "", parts.last ?? "")
        guard let owner = state.catalog.check(id, on: node) else { return [] }
        let place = InstanceKey(node: node, id: owner.serviceID)
        let names = state.cluster.catalog.removeCheck(id, at: place, index: index)
        return (place.id.isEmpty ? [.localNode(node)] : []) + names.map { .localService($0) }
    }

    static func rows(of state: State) -> [Self] {
        state.catalog.addedChecks.stored.map { Self($0.check, modifyIndex: $0.modifyIndex) }
    }

    func encode() -> [UInt8] {
        RowJSON.object {
            CheckFields.write(check, to: &$0)
            $0.field("ModifyIndex", modifyIndex)
        }
    }
}

/// What checks of a file's service said last. Stored by versions that did not store those services themselves; the
/// first reading of the files takes it over.
struct RememberedHealthRow: StoredRow {
    static let table = "health"
    static let version: UInt8 = 2
    static let scope = RowScope.daemon

    var place: InstanceKey
    var checks: [HealthCheck]

    init(_ checks: [HealthCheck], of place: InstanceKey) {
        self.place = place
        self.checks = checks
    }

    init?(_ stored: StoredBytes) {
        let row: Self? = stored.map { map in
            let place = InstanceKey(node: map.string("Node") ?? "", id: map.string("ServiceID") ?? "")
            return Self(map.maps("Checks", CheckFields.decode) ?? [], of: place)
        }
        guard let row else { return nil }
        self = row
    }

    static func key(of place: InstanceKey) -> RowKey { RowKey(table, place.node, place.id) }

    var key: RowKey { Self.key(of: place) }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.local.rememberedHealth[place] = checks
        return []
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        state.local.rememberedHealth[InstanceKey(node: parts.first ?? "", id: parts.last ?? "")] = nil
        return []
    }

    static func rows(of state: State) -> [Self] {
        state.local.rememberedHealth.map { Self($0.value, of: $0.key) }
    }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("Node", place.node)
            $0.field("ServiceID", place.id)
            $0.list("Checks", checks) { json, check in json.object { CheckFields.write(check, to: &$0) } }
        }
    }
}

/// One check, as the fields of a row.
enum CheckFields {
    static func write(_ check: HealthCheck, to json: inout JSONWriter) {
        json.field("Node", check.node)
        json.field("CheckID", check.checkID)
        json.field("Name", check.name)
        json.field("Status", check.status.rawValue)
        json.field("Notes", check.notes)
        json.field("Output", check.output)
        json.field("ServiceID", check.serviceID)
        json.field("ServiceName", check.serviceName)
        json.field("ServiceTags", check.serviceTags)
        json.field("Type", check.type)
        json.field("Interval", check.interval)
        json.field("Timeout", check.timeout)
        if let plan = check.plan { json.object("Plan") { write(plan, to: &$0) } }
        if !check.definition.isEmpty { json.object("Definition") { $0.fields(check.definition) } }
    }

    static func decode(_ map: inout MapReader) -> HealthCheck? {
        guard let id = map.string("CheckID") else { return nil }
        return HealthCheck(
            node: map.string("Node") ?? "", checkID: id, name: map.string("Name") ?? "",
            status: HealthStatus(rawValue: map.string("Status") ?? ""), notes: map.string("Notes") ?? "",
            output: map.string("Output") ?? "", serviceID: map.string("ServiceID") ?? "",
            serviceName: map.string("ServiceName") ?? "", serviceTags: map.strings("ServiceTags") ?? [],
            type: map.string("Type") ?? "", interval: map.string("Interval") ?? "",
            timeout: map.string("Timeout") ?? "", plan: map.map("Plan", decodePlan),
            definition: map.opaqueMap("Definition")?.map ?? [])
    }

    // MARK: How it is run

    private static func write(_ plan: CheckPlan, to json: inout JSONWriter) {
        json.object("Probe") { write(plan.probe, to: &$0) }
        json.field("Start", plan.start.rawValue)
        json.field("Interval", plan.interval)
        json.field("Timeout", plan.timeout)
        json.field("SuccessBeforePassing", plan.successBeforePassing)
        json.field("FailuresBeforeWarning", plan.failuresBeforeWarning)
        json.field("FailuresBeforeCritical", plan.failuresBeforeCritical)
        json.field("OutputMaxSize", plan.maxOutputBytes)
        if let time = plan.deregisterAfter { json.field("DeregisterAfter", time) }
    }

    private static func decodePlan(_ map: inout MapReader) -> CheckPlan? {
        guard let probe = map.map("Probe", decodeProbe) else { return nil }
        let counts = 0...Int(Int32.max)
        return CheckPlan(
            probe: probe, start: map.string("Start").map(HealthStatus.init(rawValue:)) ?? .critical,
            interval: map.duration("Interval")?.duration ?? .zero,
            timeout: map.duration("Timeout")?.duration ?? CheckPlan.defaultTimeout,
            successBeforePassing: map.integer("SuccessBeforePassing", in: counts) ?? 0,
            failuresBeforeWarning: map.integer("FailuresBeforeWarning", in: counts) ?? 0,
            failuresBeforeCritical: map.integer("FailuresBeforeCritical", in: counts) ?? 0,
            maxOutputBytes: map.integer("OutputMaxSize", in: counts) ?? CheckPlan.defaultOutputBytes,
            deregisterAfter: map.duration("DeregisterAfter")?.duration)
    }

    /// The key says the kind, its value the target.
    private static func write(_ probe: CheckProbe, to json: inout JSONWriter) {
        switch probe {
        case .ttl(let lifetime): json.field("TTL", lifetime)
        case .udp(let address): json.field("UDP", address)
        case .tcp(let address, let tls):
            json.field("TCP", address)
            write(tls, to: &json)
        case .h2ping(let address, let tls):
            json.field("H2PING", address)
            write(tls, to: &json)
        case .grpc(let address, let service, let tls):
            json.field("GRPC", address)
            json.field("GRPCService", service)
            write(tls, to: &json)
        case .alias(let target):
            json.field("AliasNode", target.node)
            json.field("AliasService", target.serviceID)
        case .http(let request):
            json.field("HTTP", request.url)
            json.field("Method", request.method)
            json.object("Header") { json in
                for (name, values) in request.headers.sorted(by: { $0.key < $1.key }) { json.field(name, values) }
            }
            json.field("Body", request.body)
            json.field("FollowsRedirects", request.followsRedirects)
            write(request.tls, to: &json)
        }
    }

    private static func write(_ tls: CheckTLS?, to json: inout JSONWriter) {
        guard let tls else { return }
        json.object("TLS") {
            $0.field("ServerName", tls.serverName)
            $0.field("SkipsVerification", tls.skipsVerification)
        }
    }

    private static func decodeProbe(_ map: inout MapReader) -> CheckProbe? {
        let tls = map.map("TLS") {
            CheckTLS(
                serverName: $0.string("ServerName") ?? "", skipsVerification: $0.bool("SkipsVerification") ?? false)
        }
        if let lifetime = map.duration("TTL") { return .ttl(lifetime.duration) }
        if let address = map.string("UDP") { return .udp(address) }
        if let address = map.string("TCP") { return .tcp(address, tls: tls) }
        if let address = map.string("H2PING") { return .h2ping(address, tls: tls) }
        if let address = map.string("GRPC") {
            return .grpc(address, service: map.string("GRPCService") ?? "", tls: tls)
        }
        if let url = map.string("HTTP") {
            return .http(
                HTTPProbe(
                    url: url, method: map.string("Method") ?? "GET", headers: map.listMap("Header") ?? [:],
                    body: map.string("Body") ?? "", followsRedirects: map.bool("FollowsRedirects") ?? true,
                    tls: tls ?? CheckTLS()))
        }
        guard let service = map.string("AliasService") else { return nil }
        return .alias(AliasTarget(node: map.string("AliasNode") ?? "", serviceID: service))
    }
}

extension JSONWriter {
    fileprivate mutating func field(_ key: String, _ time: Duration) { field(key, GoDuration(time).description) }
}
