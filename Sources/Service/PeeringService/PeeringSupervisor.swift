import IdentityCore
import Logging
import NIOConcurrencyHelpers
import PeeringCore
import ReplicationService
import ServiceLifecycle
import StateCore

/// Gives every peering what its row asks for: a dial loop where this end dials, an end where it was deleted, and a
/// goodbye where the other side has not heard of that.
/// Runs until cancelled or a graceful shutdown.
package struct PeeringSupervisor: Service {
    private struct Running {
        var loops: [PeeringID: Wakeup] = [:]
        var removals: Set<PeeringID> = []
        var farewells: Set<PeeringID> = []
    }

    private let environment: ReplicationEnvironment
    private let registry: StreamRegistry
    private let settings: PeeringSettings
    private let dialer: PeerDialer
    private let running = NIOLockedValueBox(Running())
    /// Something is to be looked at again.
    private let rescan = Wakeup()

    init(
        environment: ReplicationEnvironment, registry: StreamRegistry, settings: PeeringSettings, dialer: PeerDialer
    ) {
        self.environment = environment
        self.registry = registry
        self.settings = settings
        self.dialer = dialer
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await watch() }
                while !Task.isCancelled {
                    rescan.reset()
                    scan(&group)
                    await rescan.wait()
                }
                group.cancelAll()
            }
        }
    }

    private func watch() async {
        let changes = environment.store.subscribe(to: .peerings)
        while true {
            rescan.signal()
            let changed = await changes.next()
            if Task.isCancelled { return }
            let loops = running.withLockedValue { $0.loops }
            if changed.areas.contains(.peerings) { for loop in loops.values { loop.signal() } }
            for case .peering(let id) in changed.things { loops[id]?.signal() }
        }
    }

    private func scan(_ group: inout DiscardingTaskGroup) {
        let state = environment.store.state
        for peering in state.peerings.values {
            if peering.state == .deleting {
                startRemoval(of: peering, &group)
            } else if peering.isActive, peering.dials, state.secrets[peering.id]?.ownStream != nil {
                startLoop(for: peering.id, &group)
            }
        }
        for id in state.farewells.keys { startFarewell(of: id, &group) }
    }

    private func startLoop(for id: PeeringID, _ group: inout DiscardingTaskGroup) {
        let changed = Wakeup()
        let isNew = running.withLockedValue { running in
            guard running.loops[id] == nil else { return false }
            running.loops[id] = changed
            return true
        }
        guard isNew else { return }
        let loop = DialLoop(
            id: id, environment: environment, registry: registry, settings: settings, dialer: dialer,
            changed: changed)
        group.addTask {
            await loop.run()
            running.withLockedValue { $0.loops[id] = nil }
            // The row may have come back to life while the loop was ending.
            rescan.signal()
        }
    }

    /// A stream that is up says goodbye itself, and its dial loop ends after it.
    private func startFarewell(of id: PeeringID, _ group: inout DiscardingTaskGroup) {
        let isDue = running.withLockedValue { running in
            running.loops[id] == nil && running.farewells.insert(id).inserted
        }
        guard isDue else { return }
        let loop = FarewellLoop(id: id, environment: environment, registry: registry, dialer: dialer)
        group.addTask {
            await loop.run()
            running.withLockedValue { _ = $0.farewells.remove(id) }
            rescan.signal()
        }
    }

    /// The stream sees the mark and says goodbye; then the row goes (protocol section 7.3).
    private func startRemoval(of peering: Peering, _ group: inout DiscardingTaskGroup) {
        guard running.withLockedValue({ $0.removals.insert(peering.id).inserted }) else { return }
        group.addTask {
            await registry.waitForEnd(of: peering.id)
            await remove(peering)
            running.withLockedValue { _ = $0.removals.remove(peering.id) }
        }
    }

    private func remove(_ peering: Peering) async {
        while !Task.isCancelled {
            do throws(Refusal) {
                try await environment.store.apply(RemovePeering(id: peering.id, now: environment.now()))
                environment.board.forget(peering.id)
                environment.logger.info("the peering is deleted", metadata: ["peer": "\(peering.name)"])
                return
            } catch {
                environment.logger.error("the peering could not be deleted, trying again: \(error.message)")
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }
}
