import Logging
import NIOConcurrencyHelpers
import NIOCore
import PeerStreamTranslation
import PeeringCore
import PeeringWire
import ReplicationCore
import StateCore

/// Sends what waits: answers and heartbeats first, then resources in bursts. One task per stream runs it, and nothing
/// else waits for it.
package struct StreamSender: Sendable {
    /// Resources are gathered up to this size before they are handed on.
    static let burstBytes = 256 * 1024
    /// Resources looked up under one hold of the lock.
    static let resourcesPerLook = 64
    /// What a peer takes at most in one message (protocol section 4.10).
    package static let maxMessageBytes = 8 * 1024 * 1024

    let context: StreamContext
    let core: NIOLockedValueBox<StreamCore>
    let channel: any PeerChannel
    let pulse: Pulse

    /// Runs until the task is cancelled, or until the goodbye was sent.
    func run() async throws {
        while true {
            while let burst = nextBurst() {
                try await channel.send(burst.messages)
                note(burst)
                if burst.isGoodbye { return channel.endSending() }
            }
            await pulse.wait()
            if Task.isCancelled { return }
        }
    }

    private struct Burst {
        var messages: [ByteBuffer] = []
        var responses = 0
        var isGoodbye = false
        var listedNames: [String]?
        var unsent: [String: String] = [:]
    }

    /// - Returns: `nil` if nothing waits.
    private func nextBurst() -> Burst? {
        let controls = core.withLockedValue { $0.takeControls() }
        var burst = Burst()
        burst.isGoodbye = controls.last == .terminated
        var messages = controls.map { PeerMessage($0) }
        var bytes = 0
        while bytes < Self.burstBytes {
            let due = core.withLockedValue { $0.takeDue(limit: Self.resourcesPerLook) }
            if due.isEmpty { break }
            bytes += add(due, to: &messages, &burst)
        }
        burst.messages = messages.encoded(ByteBufferAllocator())
        return burst.messages.isEmpty && burst.unsent.isEmpty ? nil : burst
    }

    /// - Returns: how many bytes were added.
    private func add(_ due: [StreamCore.Due], to messages: inout [PeerMessage], _ burst: inout Burst) -> Int {
        // Taken after the names: what changes from here on puts them in line again.
        let state = context.store.state
        var bytes = 0
        for item in due {
            guard let (content, names) = content(of: item, state, &burst) else { continue }
            guard let nonce = core.withLockedValue({ $0.willSend(item.key, content) }) else { continue }
            let url = item.key.kind.url
            messages.append(.response(.upsert(content.bytes, of: url, id: item.key.wireID, nonce: nonce)))
            bytes += content.bytes.count
            burst.responses += 1
            if let names { burst.listedNames = names }
        }
        return bytes
    }

    /// The content with room for the nonce, the type said twice, and the ID.
    static func messageBytes(of content: EncodedContent, named id: String) -> Int {
        content.bytes.count + id.utf8.count + 512
    }

    private func content(
        of due: StreamCore.Due, _ state: State, _ burst: inout Burst
    ) -> (EncodedContent, names: [String]?)? {
        let names = due.key == .serviceList ? core.withLockedValue { $0.listedNames } : nil
        do {
            let content = try context.encoder.content(
                of: due.key, for: context.peerName, listedNames: names ?? [], isMesh: due.isMesh, state: state)
            guard let content else { return nil }
            guard Self.messageBytes(of: content, named: due.key.wireID) <= Self.maxMessageBytes else {
                keep(
                    due.key,
                    "its \(content.count) instances take \(content.bytes.count) bytes, and a peer takes "
                        + "\(Self.maxMessageBytes) at most", &burst)
                return nil
            }
            return (content, names)
        } catch {
            keep(due.key, "\(error)", &burst)
            return nil
        }
    }

    private func keep(_ key: ResourceKey, _ reason: String, _ burst: inout Burst) {
        core.withLockedValue { $0.notSent(key) }
        burst.unsent[key.wireID] = "not sent: \(reason)"
    }

    private func note(_ burst: Burst) {
        if burst.responses > 0 {
            let now = context.now()
            context.board.note(context.peering) { status in
                status.lastSend = now
                status.sentCount += UInt64(burst.responses)
            }
        }
        if burst.listedNames == nil && burst.unsent.isEmpty { return }
        for (name, reason) in burst.unsent {
            context.logger.warning("\(name) \(reason)")
        }
        context.board.change(context.peering) { status in
            if let names = burst.listedNames {
                status.exportedServices = names
                status.keepRefusals(exporting: names)
            }
            for (name, reason) in burst.unsent { status.refuse(name, reason) }
        }
    }
}

extension StreamStatus {
    /// Keeps why a resource is missing at the peer, within the bound.
    mutating func refuse(_ name: String, _ reason: String) {
        guard refusals[name] != nil || refusals.count < Self.maxRefusals else { return }
        refusals[name] = reason
    }

    /// What is not exported any more is not missing.
    fileprivate mutating func keepRefusals(exporting names: [String]) {
        if refusals.isEmpty { return }
        let exported = ImportedCatalog.allowedNames(by: names)
        let single: Set = [ResourceID.exportedServiceList, ResourceID.trustBundle, ResourceID.serverAddresses]
        refusals = refusals.filter { exported.contains($0.key) || single.contains($0.key) }
    }
}
