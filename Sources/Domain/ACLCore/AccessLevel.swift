/// What a rule gives, and what is asked for.
package enum AccessLevel: String, CaseIterable, Hashable, Sendable {
    case deny, read, list, write

    /// Whether who has this may do that.
    package func allows(_ wanted: AccessLevel) -> Bool {
        switch wanted {
        case .deny: true
        case .read: self != .deny
        case .list: self == .list || self == .write
        case .write: self == .write
        }
    }

    /// Of two rules for the same names, in different policies, the one that holds (gateway sheet, section 8).
    func merged(with other: AccessLevel) -> AccessLevel { rank >= other.rank ? self : other }

    private var rank: Int {
        switch self {
        case .deny: 3
        case .write: 2
        case .list: 1
        case .read: 0
        }
    }
}

/// What is done for whom no rule speaks of what they ask for.
package enum DefaultAccess: String, CaseIterable, Hashable, Sendable {
    case allow, deny
}
