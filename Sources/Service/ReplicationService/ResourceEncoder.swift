import CatalogCore
import IdentityCore
import NIOConcurrencyHelpers
import PeerStreamTranslation
import PeeringWire
import ReplicationCore
package import StateCore

/// A resource as it goes out.
struct EncodedContent: Sendable {
    var bytes: [UInt8]
    /// Instances, names, roots or addresses.
    var count: Int
    /// Of the bytes, seeded per process.
    var hash: Int

    init(bytes: [UInt8], count: Int) {
        self.bytes = bytes
        self.count = count
        var hasher = Hasher()
        // An array hashes its elements one by one.
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        self.hash = hasher.finalize()
    }
}

/// Looks resources up and encodes them. A version of a service is encoded once for all peers that get it soon.
/// Shared by all streams.
package final class ResourceEncoder: Sendable {
    private let addresses: @Sendable (State) -> [String]
    private let cache = NIOLockedValueBox(EncodedServiceCache())

    /// - Parameter addresses: where dialers reach this cluster, as `host:port`.
    package init(addresses: @escaping @Sendable (State) -> [String]) {
        self.addresses = addresses
    }

    /// The newest version of a resource.
    ///
    /// - Parameters:
    ///   - listedNames: what the list holds.
    ///   - isMesh: whether the name of `proxies` is (still) reachable over the mesh.
    /// - Returns: `nil` if there is nothing to say: no identity yet, or no address.
    func content(
        of key: ResourceKey, for peer: String, listedNames: [String], isMesh: Bool, state: State
    ) throws(UntranslatableValue) -> EncodedContent? {
        switch key {
        case .service(let name):
            return try service(name, state)
        case .proxies(let name):
            guard let identity = state.identity else { return nil }
            let proxies =
                isMesh ? ExportedContent.proxies(of: name, for: peer, in: state, identity: identity) : []
            return EncodedContent(bytes: try ServiceEncoding.bytes(of: proxies), count: proxies.count)
        case .serviceList:
            return EncodedContent(bytes: try ServiceEncoding.bytes(ofList: listedNames), count: listedNames.count)
        case .trustBundle:
            return try trustBundle(state)
        case .serverAddresses:
            return try serverAddresses(state)
        }
    }

    private func service(_ name: String, _ state: State) throws(UntranslatableValue) -> EncodedContent {
        let version = state.catalog.services[name]?.modifyIndex
        if let version, let content = cache.withLockedValue({ $0.content(of: name, version: version) }) {
            return content
        }
        let instances = ExportedContent.instances(of: name, in: state)
        let content = EncodedContent(bytes: try ServiceEncoding.bytes(of: instances), count: instances.count)
        if let version { cache.withLockedValue { $0.keep(content, of: name, version: version) } }
        return content
    }

    /// What one service costs on the wire: instances, and bytes of the message that carries them; nil if they cannot be
    /// encoded.
    package func size(ofService name: String, in state: State) -> (instances: Int, bytes: Int)? {
        guard let content = try? service(name, state) else { return nil }
        return (content.count, StreamSender.messageBytes(of: content, named: ResourceKey.service(name).wireID))
    }

    private func trustBundle(_ state: State) throws(UntranslatableValue) -> EncodedContent? {
        guard let identity = state.identity else { return nil }
        var bundle = WirePeeringTrustBundle()
        bundle.trustDomain = identity.trustDomain.description
        bundle.rootPems = identity.rootPEMs
        return EncodedContent(bytes: try bundle.resourceBytes(), count: identity.rootPEMs.count)
    }

    /// Of the present trust bundle, as `StreamStatus.takenBundle` has it; nil if there is none.
    package func trustBundleHash(in state: State) -> Int? {
        (try? trustBundle(state))?.hash
    }

    private func serverAddresses(_ state: State) throws(UntranslatableValue) -> EncodedContent? {
        var message = WirePeeringServerAddresses()
        message.addresses = addresses(state)
        guard !message.addresses.isEmpty else { return nil }
        return EncodedContent(bytes: try message.resourceBytes(), count: message.addresses.count)
    }
}

/// The last encoded services, so that a change that goes to many peers is encoded once.
struct EncodedServiceCache: Sendable {
    /// Enough for the changes of a busy moment; a whole catalog need not fit.
    static let maxBytes = 8 * 1024 * 1024

    private var contents: [String: (version: UInt64, content: EncodedContent)] = [:]
    private var bytes = 0

    func content(of name: String, version: UInt64) -> EncodedContent? {
        guard let found = contents[name], found.version == version else { return nil }
        return found.content
    }

    /// When there is no room all is dropped: what comes next matters more than what came before.
    mutating func keep(_ content: EncodedContent, of name: String, version: UInt64) {
        bytes -= contents.removeValue(forKey: name)?.content.bytes.count ?? 0
        guard content.bytes.count <= Self.maxBytes / 4 else { return }
        if bytes + content.bytes.count > Self.maxBytes {
            contents = [:]
            bytes = 0
        }
        contents[name] = (version, content)
        bytes += content.bytes.count
    }
}
