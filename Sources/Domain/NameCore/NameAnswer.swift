package import CatalogCore

/// What a client wants to know of a name.
package enum NameInterest: Sendable {
    case a, aaaa, srv, txt, ptr, ns, soa, cname
    /// Whatever there is.
    case any
    /// Something that no name here has.
    case other
}

/// What the directory has to say of a name.
package struct NameAnswer: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// The name is there, be it without records of the kind that was asked for.
        case known
        /// There is no such name, nor any below it.
        case unknown
        /// The name is not ours to answer for.
        case foreign
    }

    package var verdict: Verdict
    package var answers: [NameRecord] = []
    package var authorities: [NameRecord] = []
    package var additionals: [NameRecord] = []
}

/// One fact about a name.
package struct NameRecord: Hashable, Sendable {
    /// Labels; nil for the name that was asked for.
    package var owner: [String]?
    /// In seconds.
    package var timeToLive: UInt32
    package var fact: NameFact
}

package enum NameFact: Hashable, Sendable {
    case address(IPAddress)
    /// The name of an IP address.
    case pointer([String])
    case alias([String])
    case nameServer([String])
    case service(weight: UInt16, port: UInt16, target: [String])
    case text(String)
    case authority(NameAuthority)
}

/// Who answers for the domain, and for how long others may rely on it, in seconds.
package struct NameAuthority: Hashable, Sendable {
    package var server: [String]
    package var mailbox: [String]
    package var serial: UInt32
    package var refresh: UInt32
    package var retry: UInt32
    package var expire: UInt32
    package var minimum: UInt32
}
