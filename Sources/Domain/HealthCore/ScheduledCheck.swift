import CatalogCore

/// A check and how far it is.
struct ScheduledCheck {
    enum Progress: Hashable {
        /// Until its deadline.
        case resting
        /// For one of the running ones to end.
        case waiting
        case running(UInt64)
    }

    /// Tells it from others that had its key before.
    let serial: UInt64
    var name: String
    let plan: CheckPlan?
    var status: HealthStatus
    var output: String
    /// With a TTL: what the application said last.
    var lastHeard = ""
    var progress = Progress.resting
    var dues: [DueKind: Due] = [:]
    private var successes = 0
    private var failures = 0

    init(_ check: HealthCheck, serial: UInt64) {
        self.serial = serial
        name = check.name
        plan = check.plan
        status = check.status
        output = check.output
    }

    var alias: AliasTarget? {
        guard case .alias(let target) = plan?.probe else { return nil }
        return target
    }

    var lifetime: Duration? {
        guard case .ttl(let lifetime) = plan?.probe else { return nil }
        return lifetime
    }

    /// Counts a result.
    ///
    /// - Returns: the status that it gives the check; nil while too few of its kind have come in a row.
    mutating func count(_ status: HealthStatus) -> HealthStatus? {
        guard let plan else { return nil }
        if status == .passing || status == .warning {
            successes += 1
            failures = 0
            return successes >= plan.successBeforePassing ? status : nil
        }
        failures += 1
        successes = 0
        if failures >= plan.failuresBeforeCritical { return status }
        return failures >= plan.failuresBeforeWarning ? .warning : nil
    }
}

/// Outputs of checks in Consul's words.
enum CheckOutput {
    static func expired(after last: String) -> String {
        last.isEmpty ? "TTL expired" : "TTL expired (last output before timeout follows): \(last)"
    }

    /// What an application said, with a remark if it said too much.
    static func captured(_ output: String, atMost limit: Int) -> String {
        let total = output.utf8.count
        return total > limit ? "\(cut(output, atMost: limit)) ... (captured \(limit) of \(total) bytes)" : output
    }

    /// The first bytes, without half a character at the end.
    static func cut(_ output: String, atMost limit: Int) -> String {
        guard output.utf8.count > limit else { return output }
        let end = output.utf8.index(output.startIndex, offsetBy: limit)
        return String(output[..<output.unicodeScalars.index(roundedDown: end, in: output)])
    }
}

extension String.UnicodeScalarView {
    /// The start of the scalar that the index lies in.
    fileprivate func index(roundedDown index: String.Index, in text: String) -> String.Index {
        var index = index
        while index > text.startIndex, index.samePosition(in: self) == nil { index = text.utf8.index(before: index) }
        return index
    }
}
