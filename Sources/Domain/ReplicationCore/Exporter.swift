import ConfigCore
package import StateCore

/// What one stream still has to send: names of resources, not copies, so that a slow peer costs one name for each
/// resource that changed, however often it did.
///
/// Guarded by the stream's lock. `stateChanged` and `subscribed` put names in, `next` takes them out when the peer can
/// take more; the caller looks up and encodes the newest version then.
package struct Exporter: Sendable {
    private var plan: ExportPlan
    private let offersServerAddresses: Bool
    private var subscriptions: Set<ResourceKind> = []
    private var pending = PendingSet<ResourceKey>()
    /// What was last sent of each resource on this stream: the same content is not sent twice.
    private var sent: [ResourceKey: Sent] = [:]
    private var retries = RetrySchedule()
    /// The peer subscribed, and may have proxies of an earlier stream that are none any more.
    private var mayHaveOldProxies = false
    /// Gateway services as last seen: the end of the last gateway of a name must be noticed too.
    private var knownGateways: KeySet<String>

    private struct Sent {
        /// Of the encoded content, seeded per process; nil if the peer must get it again even if it is the same.
        var hash: Int?
        /// Instances, names, roots or addresses.
        var count: Int
    }

    /// - Parameter offersServerAddresses: only an acceptor has addresses to tell.
    package init(peerName: String, offersServerAddresses: Bool, state: State) {
        self.plan = ExportPlan(peerName: peerName, state: state)
        self.offersServerAddresses = offersServerAddresses
        self.knownGateways = state.catalog.gatewayServices
    }

    /// Names on the list as it stands, sorted.
    package var listedNames: [String] { plan.listed.sorted() }

    package var listedCount: Int { plan.listed.count }

    package func isMesh(_ name: String) -> Bool { plan.mesh.contains(name) }

    package func isListed(_ name: String) -> Bool { plan.listed.contains(name) }

    /// Whether anything waits to be sent.
    package var hasPending: Bool { !pending.isEmpty }

    package var pendingCount: Int { pending.count }

    // MARK: What the peer asks for

    /// The peer subscribed: everything of that kind is due.
    package mutating func subscribed(to kind: ResourceKind) {
        guard subscriptions.insert(kind).inserted else { return }
        switch kind {
        case .exportedService:
            enqueueAll()
            mayHaveOldProxies = true
        case .exportedServiceList:
            return
        case .trustBundle:
            pending.insert(.trustBundle)
        case .serverAddresses:
            if offersServerAddresses { pending.insert(.serverAddresses) }
        }
    }

    // MARK: What happens here

    /// Something in the state changed.
    ///
    /// - Returns: whether the list of names changed.
    package mutating func stateChanged(_ changes: StateChanges, state: State) -> Bool {
        var listChanged = false
        var mustRebuild = areaChanged(changes.areas, state: state)
        for change in changes.things {
            switch change {
            case .localService(let name):
                listChanged = serviceChanged(name, state: state) || listChanged
            case .configEntry(let key):
                mustRebuild = entryChanged(key) || mustRebuild
            case .identity:
                enqueue(.trustBundle)
            case .localNode:
                enqueue(.serverAddresses)
            case .peering, .establishing, .streamStatus, .trustBundle, .importedList, .importedService, .acl,
                .replicationLog:
                continue
            }
        }
        if mustRebuild { listChanged = rebuild(state: state) || listChanged }
        if listChanged { enqueue(.serviceList) }
        return listChanged
    }

    /// Too much of an area changed for names: all that there is of it is due. What stayed the same is not sent again, and
    /// what went is found when the plan is worked out.
    ///
    /// - Returns: whether the plan must be worked out again.
    private mutating func areaChanged(_ areas: StateInterest, state: State) -> Bool {
        if areas.contains(.identity) { enqueue(.trustBundle) }
        guard !areas.isDisjoint(with: [.localCatalog, .configEntries]) else { return false }
        knownGateways = state.catalog.gatewayServices
        for name in plan.listed { enqueue(.service(name)) }
        for name in plan.mesh { enqueue(.proxies(name)) }
        enqueue(.serverAddresses)
        return true
    }

    private mutating func serviceChanged(_ name: String, state: State) -> Bool {
        if state.catalog.gatewayServices.contains(name) || knownGateways.contains(name) {
            knownGateways = state.catalog.gatewayServices
            for name in plan.mesh { enqueue(.proxies(name)) }
            enqueue(.serverAddresses)
        }
        let change = plan.update(name, from: state)
        if plan.listed.contains(name) {
            enqueue(.service(name))
        } else if change.listChanged {
            forget(name)
        }
        // One that lost its proxies is sent empty, whatever went out: a refusal may have come after the peer had them.
        if change.meshChanged { enqueue(.proxies(name)) }
        return change.listChanged
    }

    /// - Returns: whether the plan must be worked out again.
    private mutating func entryChanged(_ key: ConfigEntryKey) -> Bool {
        switch key.kind {
        case .exportedServices, .serviceRouter, .serviceSplitter:
            return true
        case .serviceResolver:
            // Others may lead to this one; what stays the same is not sent.
            for name in plan.mesh { enqueue(.proxies(name)) }
            return true
        case .serviceDefaults:
            if plan.mesh.contains(key.name) { enqueue(.proxies(key.name)) }
        case .proxyDefaults:
            for name in plan.mesh { enqueue(.proxies(name)) }
        case .mesh:
            enqueue(.serverAddresses)
        case .serviceIntentions:
            break
        }
        return false
    }

    private mutating func rebuild(state: State) -> Bool {
        let before = plan
        plan.rebuild(from: state)
        for name in plan.listed.subtracting(before.listed) { enqueue(.service(name)) }
        for name in before.listed.subtracting(plan.listed) { forget(name) }
        for name in plan.mesh.symmetricDifference(before.mesh) { enqueue(.proxies(name)) }
        return before.listed != plan.listed
    }

    /// The list alone withdraws a service: nothing is said of the name itself (protocol section 4.7).
    private mutating func forget(_ name: String) {
        pending.remove(.service(name))
        sent[.service(name)] = nil
        _ = retries.succeeded(.service(name))
        // The service may have been sent after the list that is the same as the next one.
        sent[.serviceList]?.hash = nil
    }

    private mutating func enqueueAll() {
        pending.insert(.serviceList)
        for name in listedNames { pending.insert(.service(name)) }
        for name in plan.mesh.sorted() { pending.insert(.proxies(name)) }
    }

    private mutating func enqueue(_ key: ResourceKey) {
        switch key.kind {
        case .exportedService, .exportedServiceList:
            guard subscriptions.contains(.exportedService) else { return }
        case .trustBundle:
            guard subscriptions.contains(.trustBundle) else { return }
        case .serverAddresses:
            guard offersServerAddresses, subscriptions.contains(.serverAddresses) else { return }
        }
        pending.insert(key)
    }

    // MARK: What goes out

    /// The next resource to look up and send, oldest first.
    package mutating func next() -> ResourceKey? { pending.popFirst() }

    /// Records what is about to be sent.
    ///
    /// - Returns: how many instances or entries the peer had before, or `nil` if it has exactly this already, or if
    ///   what the name stands for changed since `next` gave it.
    package mutating func willSend(_ key: ResourceKey, hash: Int, count: Int) -> Int? {
        if case .service(let name) = key, !plan.listed.contains(name) || isNameOfProxies(name) { return nil }
        if case .proxies(let name) = key, !plan.mesh.contains(name), count > 0 {
            // They were looked up when there were some. The peer may have older ones, so it is told that there are none.
            pending.insert(key)
            return nil
        }
        let before = sent[key]
        guard before?.hash != hash else { return nil }
        sent[key] = Sent(hash: hash, count: count)
        if case .proxies(let name) = key, !plan.mesh.contains(name) { sent[key] = nil }
        return before?.count ?? 0
    }

    /// Whether the proxies of another name go out under this one. A service that is called so has nothing to be
    /// exported, and must not take them away.
    private func isNameOfProxies(_ name: String) -> Bool {
        name.hasSuffix(ResourceKey.proxySuffix)
            && plan.mesh.contains(String(name.dropLast(ResourceKey.proxySuffix.count)))
    }

    /// The peer did not take a resource, or it is too large to be sent: it is tried again later, or when it changes.
    package mutating func failed(_ key: ResourceKey) {
        sent[key] = nil
        retries.failed(key)
        if key == .serviceList, subscriptions.contains(.exportedService) { mayHaveOldProxies = true }
    }

    /// The peer took a resource.
    ///
    /// - Returns: whether it had failed before.
    package mutating func acknowledged(_ key: ResourceKey) -> Bool { retries.succeeded(key) }

    /// A heartbeat of ours went out: puts in line what is to be tried again.
    package mutating func heartbeatSent() {
        for key in retries.heartbeatSent() { enqueue(key) }
        // Until the peer takes a list, it keeps what older ones allowed.
        if mayHaveOldProxies, !retries.isFailing(.serviceList) { clearOldProxies() }
    }

    /// While there was no stream, names may have lost their proxies, and the list does not take those away (protocol
    /// section 4.9). Once per stream, unless the peer refuses the list, and not among what the peer waits for.
    private mutating func clearOldProxies() {
        mayHaveOldProxies = false
        for name in plan.listed.subtracting(plan.mesh).sorted() { enqueue(.proxies(name)) }
    }
}
