/// Whether one caller may call one service: a source of a service-intentions entry, seen together with the service that
/// the entry is about.
package struct Intention: Hashable, Sendable {
    package var source: IntentionSource
    /// A service, or `*` for all.
    package var destination: String

    package init(source: IntentionSource, destination: String) {
        self.source = source
        self.destination = destination
    }

    /// Whether it speaks of calls to a service. Of several that do, the first in their order decides.
    package func isAbout(destination name: String) -> Bool { destination == name || destination == "*" }

    /// Whether it speaks of calls of a service of the own cluster.
    package func isAbout(source name: String) -> Bool {
        source.peer.isEmpty && (source.name == name || source.name == "*")
    }
}

extension Intention: Comparable {
    /// What decides first comes first; what has the same weight goes by its names.
    package static func < (left: Intention, right: Intention) -> Bool {
        (right.source.precedence, left.destination, left.source.peer, left.source.name)
            < (left.source.precedence, right.destination, right.source.peer, right.source.name)
    }
}

extension ServiceIntentions {
    package func source(named name: String, peer: String) -> IntentionSource? {
        sources.first { $0.name == name && $0.peer == peer }
    }

    /// Puts a source where one with its name and peer stands, or behind those of its precedence.
    package mutating func put(_ source: IntentionSource) {
        guard let place = sources.firstIndex(where: { $0.name == source.name && $0.peer == source.peer }) else {
            let place = sources.firstIndex { $0.precedence < source.precedence }
            return sources.insert(source, at: place ?? sources.endIndex)
        }
        sources[place] = source
    }
}
