import CatalogCore
import HealthCore
import Testing

/// A schedule with a clock that tests move, and a random number that they know.
struct Harness {
    var schedule: HealthSchedule
    var now = Duration.zero
    /// The name that each service was observed under last.
    private var names: [String: String] = [:]

    init(random: Double = 0.5, limits: HealthLimits = HealthLimits()) {
        schedule = HealthSchedule(node: "node-1", limits: limits) { random }
    }

    /// The catalog has these instances under a name, and no others.
    mutating func observe(_ name: String = "web", _ instances: HealthObservation...) -> [HealthAction] {
        observe(name, instances)
    }

    mutating func observe(_ name: String, _ instances: [HealthObservation]) -> [HealthAction] {
        var present: Set<String> = []
        for case .instance(let id, _) in instances { present.insert(id) }
        let gone = names.filter { $0.value == name && !present.contains($0.key) }.keys.sorted()
        for id in gone { names[id] = nil }
        for id in present { names[id] = name }
        return schedule.observed(gone.map { .instanceGone(serviceID: $0) } + instances, now: now)
    }

    mutating func pass(_ time: Duration) -> [HealthAction] {
        now += time
        return schedule.ticked(now: now)
    }

    mutating func finish(_ run: UInt64, _ status: HealthStatus, _ output: String = "") -> [HealthAction] {
        schedule.probeFinished(run, ProbeOutcome(status, output), now: now)
    }

    /// Lets time pass until the only run starts, and ends it so.
    mutating func run(after time: Duration, _ status: HealthStatus, _ output: String = "") throws -> [HealthAction] {
        finish(try #require(pass(time).runs.first), status, output)
    }

    mutating func hear(_ status: HealthStatus, _ output: String, of key: CheckKey) -> [HealthAction]? {
        schedule.ttlHeard(CheckResult(key: key, status: status, output: output), now: now)
    }
}

func instance(_ id: String, _ checks: HealthCheck...) -> HealthObservation {
    .instance(serviceID: id, checks: checks)
}

/// A check of a service, critical unless it says otherwise.
func check(
    _ id: String, of service: String = "web-1", _ probe: CheckProbe?, interval: Duration = .seconds(10),
    status: HealthStatus = .critical, output: String = "", _ change: (inout CheckPlan) -> Void = { _ in }
) -> HealthCheck {
    var plan = probe.map { CheckPlan(probe: $0, interval: interval) }
    if plan != nil { change(&plan!) }
    return HealthCheck(
        node: "node-1", checkID: id, name: id, status: status, output: output, serviceID: service, plan: plan)
}

let tcp = CheckProbe.tcp("127.0.0.1:1", tls: nil)

func key(_ id: String, of service: String = "web-1") -> CheckKey { CheckKey(serviceID: service, checkID: id) }

func recorded(
    _ id: String, of service: String = "web-1", _ status: HealthStatus, _ output: String = ""
) -> HealthAction {
    .record(CheckResult(key: key(id, of: service), status: status, output: output))
}

extension [HealthAction] {
    /// The numbers of the runs that start.
    var runs: [UInt64] {
        compactMap { if case .startProbe(let run) = $0 { run.id } else { nil } }
    }

    /// The checks whose runs start.
    var started: [String] {
        compactMap { if case .startProbe(let run) = $0 { run.key.checkID } else { nil } }
    }

    var withoutRuns: [HealthAction] {
        filter { if case .startProbe = $0 { false } else { true } }
    }
}
