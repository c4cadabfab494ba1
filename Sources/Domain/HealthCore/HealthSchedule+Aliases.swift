import CatalogCore

extension HealthSchedule {
    /// Lets aliases follow the services that changed, and aliases of those, until nothing changes.
    mutating func followChanges(_ now: Duration) {
        var looks: [CheckKey: Int] = [:]
        while !changedServices.isEmpty {
            let changed = Set(changedServices)
            changedServices = []
            for key in aliases(of: changed) where looks[key, default: 0] < limits.maxAliasLooks {
                guard let target = checks[key]?.alias else { continue }
                looks[key, default: 0] += 1
                let (status, output) = health(of: target, for: key)
                set(status, output, of: key, now)
            }
        }
    }

    /// The aliases that look at one of these: the node's own checks count for all, and a new alias for itself.
    private func aliases(of changed: Set<String>) -> [CheckKey] {
        let following = changed.contains("") ? Set(followers.keys) : changed
        var found = Set(following.flatMap { followers[$0] ?? [] })
        for id in changed { found.formUnion((members[id] ?? []).filter { checks[$0]?.alias != nil }) }
        return found.sorted()
    }

    /// The worst of the target's checks and of the node's own, in Consul's words.
    private func health(of target: AliasTarget, for alias: CheckKey) -> (HealthStatus, String) {
        let isOwnNode = target.node.isEmpty || target.node.lowercased() == node.lowercased()
        let isKnown = isOwnNode && (target.serviceID.isEmpty || services.contains(target.serviceID))
        guard isKnown else {
            let place = target.node.isEmpty ? node : target.node
            let words = target.serviceID.isEmpty ? "Node \(place)" : "Service \(target.serviceID)"
            let missing = "could not be found"
            return (
                .critical, target.serviceID.isEmpty ? "\(words) \(missing)" : "\(words) \(missing) on node \(place)"
            )
        }
        var keys = members[""] ?? []
        if !target.serviceID.isEmpty { keys += members[target.serviceID] ?? [] }
        let looked = keys.filter { $0 != alias }.compactMap { checks[$0] }
        let worst = HealthStatus.worst(of: looked.map(\.status))
        guard worst != .passing, let check = looked.first(where: { $0.status == worst }) else {
            return (.passing, looked.isEmpty ? "No checks found." : "All checks passing.")
        }
        let output = "Aliased check \"\(check.name)\" failing: \(check.output)"
        return (worst, CheckOutput.cut(output, atMost: CheckPlan.defaultOutputBytes))
    }
}
