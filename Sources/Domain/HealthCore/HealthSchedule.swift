package import CatalogCore
import DequeModule

/// When which check runs, and what its results mean. Takes events with the time at which they happened, since a fixed
/// moment, and returns what to do.
///
/// The first run of a check comes after a random part of its interval, so that checks that came together do not run
/// together; each further one an interval after the last has ended, so that no check runs twice at once. What is due
/// waits in order for one of `maxRunning` places. An event costs the logarithm of the number of checks.
package struct HealthSchedule: Sendable {
    let limits: HealthLimits
    let node: String
    private let random: @Sendable () -> Double
    var checks: [CheckKey: ScheduledCheck] = [:]
    /// Checks by the service that they are of, in the catalog's order.
    var members: [String: [CheckKey]] = [:]
    /// IDs of the services, and the empty one of the node.
    package private(set) var services: Set<String> = []
    /// Aliases by the service that they follow.
    var followers: [String: Set<CheckKey>] = [:]
    private var timers = HealthTimers()
    /// Checks whose time has come, in the order in which it came, each with its serial.
    private var waiting = Deque<(key: CheckKey, serial: UInt64)>()
    private var running: [UInt64: CheckKey] = [:]
    private var nextSerial: UInt64 = 0
    /// Services whose health changed in the present event, for those who follow them.
    var changedServices: [String] = []
    private var actions: [HealthAction] = []

    /// - Parameters:
    ///   - node: the agent's own, whose checks these are.
    ///   - random: a number from 0 up to 1.
    package init(
        node: String, limits: HealthLimits = HealthLimits(), random: @escaping @Sendable () -> Double
    ) {
        self.node = node
        self.limits = limits
        self.random = random
    }

    /// When to call `ticked` at the latest; nil while there is nothing to wait for. Soon is early enough.
    package var nextWakeUp: Duration? { timers.next }

    // MARK: - Events

    /// This has changed in the catalog since the last time, and nothing else.
    package mutating func observed(_ observations: [HealthObservation], now: Duration) -> [HealthAction] {
        for observation in observations {
            switch observation {
            case .instance(let id, let checks):
                if services.insert(id).inserted { changedServices.append(id) }
                reconcile(id, checks, now)
            case .instanceGone(let id):
                removeService(id)
            case .check(let key, let check):
                guard services.contains(key.serviceID) else { continue }
                if checks[key] == nil { members[key.serviceID, default: []].append(key) }
                reconcile(key, check, now)
            case .checkGone(let key):
                removeMember(key)
            }
        }
        dropDeadTimers()
        return takeActions(now)
    }

    /// The time has come, or some time has passed.
    package mutating func ticked(now: Duration) -> [HealthAction] {
        while let entry = timers.pop(now: now) { come(up: entry, now) }
        return takeActions(now)
    }

    /// A run has ended. Nothing happens if it was cancelled.
    package mutating func probeFinished(_ run: UInt64, _ outcome: ProbeOutcome, now: Duration) -> [HealthAction] {
        guard let key = running.removeValue(forKey: run), let plan = checks[key]?.plan else { return [] }
        checks[key]?.progress = .resting
        let output = CheckOutput.cut(outcome.output, atMost: plan.maxOutputBytes + limits.outputPrefixBytes)
        if let status = checks[key]?.count(outcome.status) { set(status, output, of: key, now) }
        schedule(.run, of: key, at: now + plan.interval)
        return takeActions(now)
    }

    /// An application says how it is.
    ///
    /// - Returns: nil if the check has no TTL, or is not known.
    package mutating func ttlHeard(_ result: CheckResult, now: Duration) -> [HealthAction]? {
        guard let check = checks[result.key], let lifetime = check.lifetime, let plan = check.plan else { return nil }
        let output = CheckOutput.captured(result.output, atMost: plan.maxOutputBytes)
        checks[result.key]?.lastHeard = output
        set(result.status, output, of: result.key, now)
        schedule(.run, of: result.key, at: now + lifetime)
        return takeActions(now)
    }

    /// The latest output of a check, which the catalog may not have yet.
    package func output(of key: CheckKey) -> String? { checks[key]?.output }

    // MARK: - Checks come and go

    private mutating func reconcile(_ serviceID: String, _ checks: [HealthCheck], _ now: Duration) {
        let keys = checks.map { CheckKey(serviceID: serviceID, checkID: $0.checkID) }
        let present = Set(keys)
        for key in members[serviceID] ?? [] where !present.contains(key) {
            remove(key)
            changedServices.append(serviceID)
        }
        members[serviceID] = keys.isEmpty ? nil : keys
        for (key, check) in zip(keys, checks) { reconcile(key, check, now) }
    }

    private mutating func reconcile(_ key: CheckKey, _ check: HealthCheck, _ now: Duration) {
        guard let known = checks[key], known.plan == check.plan else {
            remove(key)
            add(key, check, now)
            changedServices.append(key.serviceID)
            return
        }
        checks[key]?.name = check.name
        if check.plan == nil {
            // Its status is what was said of it.
            guard known.status != check.status else { return }
            checks[key]?.status = check.status
            checks[key]?.output = check.output
            changedServices.append(key.serviceID)
        } else if known.status != check.status {
            // The service was registered anew meanwhile, or the result is on its way.
            actions.append(.record(CheckResult(key: key, status: known.status, output: known.output)))
        } else if known.output == check.output {
            checks[key]?.dues[.output]?.deadline = nil
        }
    }

    private mutating func add(_ key: CheckKey, _ check: HealthCheck, _ now: Duration) {
        nextSerial += 1
        checks[key] = ScheduledCheck(check, serial: nextSerial)
        switch check.plan?.probe {
        case .ttl(let lifetime): schedule(.run, of: key, at: now + lifetime)
        case .alias(let target): followers[target.serviceID, default: []].insert(key)
        case .tcp, .udp, .http, .grpc, .h2ping:
            schedule(.run, of: key, at: now + (check.plan?.interval ?? .zero) * random())
        case nil: break
        }
    }

    private mutating func remove(_ key: CheckKey) {
        guard let check = checks.removeValue(forKey: key) else { return }
        if case .running(let run) = check.progress {
            running[run] = nil
            actions.append(.cancelProbe(run))
        }
        if let target = check.alias {
            followers[target.serviceID]?.remove(key)
            if followers[target.serviceID]?.isEmpty == true { followers[target.serviceID] = nil }
        }
    }

    private mutating func removeMember(_ key: CheckKey) {
        guard checks[key] != nil else { return }
        members[key.serviceID]?.removeAll { $0 == key }
        if members[key.serviceID]?.isEmpty == true { members[key.serviceID] = nil }
        remove(key)
        changedServices.append(key.serviceID)
    }

    private mutating func removeService(_ id: String) {
        guard services.remove(id) != nil else { return }
        for key in members.removeValue(forKey: id) ?? [] { remove(key) }
        changedServices.append(id)
    }

    // MARK: - Time

    private mutating func schedule(_ kind: DueKind, of key: CheckKey, at deadline: Duration) {
        guard let serial = checks[key]?.serial else { return }
        let queued = checks[key]?.dues[kind]?.queued
        checks[key]?.dues[kind, default: Due()].deadline = deadline
        if let queued, queued <= deadline { return }
        checks[key]?.dues[kind]?.queued = deadline
        timers.add(HealthTimers.Entry(time: deadline, kind: kind, key: key, serial: serial))
    }

    private mutating func come(up entry: HealthTimers.Entry, _ now: Duration) {
        guard isLive(entry) else { return }
        let deadline = checks[entry.key]?.dues[entry.kind]?.deadline
        checks[entry.key]?.dues[entry.kind] = nil
        guard let deadline else { return }
        if deadline > now { return schedule(entry.kind, of: entry.key, at: deadline) }
        fire(entry.kind, entry.key, now)
    }

    private mutating func fire(_ kind: DueKind, _ key: CheckKey, _ now: Duration) {
        guard let check = checks[key] else { return }
        switch kind {
        case .run where check.lifetime != nil:
            set(.critical, CheckOutput.expired(after: check.lastHeard), of: key, now)
        case .run:
            checks[key]?.progress = .waiting
            waiting.append((key, check.serial))
        case .output:
            actions.append(.record(CheckResult(key: key, status: check.status, output: check.output)))
        case .reap:
            actions.append(.deregisterService(key.serviceID))
            schedule(.reap, of: key, at: now + limits.reapInterval)
        }
    }

    private func isLive(_ entry: HealthTimers.Entry) -> Bool {
        guard let check = checks[entry.key], check.serial == entry.serial else { return false }
        return check.dues[entry.kind]?.queued == entry.time
    }

    /// Services that are registered anew over and over must not leave timers behind without end.
    private mutating func dropDeadTimers() {
        guard timers.count > 2 * DueKind.allCases.count * checks.count + 64 else { return }
        let schedule = self
        timers.keep { schedule.isLive($0) }
    }

    // MARK: - Results

    mutating func set(_ status: HealthStatus, _ output: String, of key: CheckKey, _ now: Duration) {
        guard let known = checks[key] else { return }
        if status != .critical {
            checks[key]?.dues[.reap]?.deadline = nil
        } else if let time = known.plan?.deregisterAfter, !key.serviceID.isEmpty,
            known.dues[.reap]?.deadline == nil
        {
            schedule(.reap, of: key, at: now + time)
        }
        guard known.status != status || known.output != output else { return }
        checks[key]?.status = status
        checks[key]?.output = output
        if known.status != status {
            checks[key]?.dues[.output]?.deadline = nil
            actions.append(.record(CheckResult(key: key, status: status, output: output)))
            changedServices.append(key.serviceID)
        } else if known.dues[.output]?.deadline == nil {
            schedule(.output, of: key, at: now + limits.outputInterval * (0.5 + random()))
        }
    }

    /// Ends an event: aliases follow what changed, and waiting checks take the places that became free.
    private mutating func takeActions(_ now: Duration) -> [HealthAction] {
        followChanges(now)
        while running.count < limits.maxRunning, let (key, serial) = waiting.popFirst() {
            guard let check = checks[key], check.serial == serial, let plan = check.plan else { continue }
            nextSerial += 1
            checks[key]?.progress = .running(nextSerial)
            running[nextSerial] = key
            actions.append(.startProbe(ProbeRun(id: nextSerial, key: key, plan: plan)))
        }
        defer { actions = [] }
        return actions
    }
}
