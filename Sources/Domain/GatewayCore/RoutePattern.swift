/// Which server names a route takes: one name, or all names below one.
///
/// Names are in lower case and without a trailing dot, as the ClientHello's are compared. A wildcard stands for one or
/// more whole labels in front, as Envoy reads it: `*.dc2.internal.x` takes `a.b.dc2.internal.x`, but neither
/// `dc2.internal.x` nor `xdc2.internal.x`. There is no pattern that takes everything, nor a name that stands for something else
/// than a route: a catch-all that looks names up elsewhere is how a stranger gets to a port that was meant for nobody.
package struct RoutePattern: Hashable, Sendable, CustomStringConvertible {
    package let isWildcard: Bool
    /// The name, or what follows the asterisk and its dot.
    package let name: String

    /// Of a DNS name (RFC 1035 section 2.3.4).
    private static let maxNameBytes = 253
    private static let maxLabelBytes = 63

    /// - Returns: nil for what is no name of DNS, nor one behind `*.`.
    package init?(_ text: String) {
        isWildcard = text.hasPrefix("*.")
        var name = (isWildcard ? String(text.dropFirst(2)) : text).lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard Self.isName(name) else { return nil }
        self.name = name
    }

    package var description: String { isWildcard ? "*." + name : name }

    /// Letters, digits, hyphens and underscores in labels of usual length.
    package static func isName(_ name: String) -> Bool {
        guard (1...maxNameBytes).contains(name.utf8.count) else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...maxLabelBytes).contains(label.utf8.count) && label.utf8.allSatisfy(isLabelByte)
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
