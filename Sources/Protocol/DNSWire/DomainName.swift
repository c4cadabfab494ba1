/// A domain name as it travels: each label after its length, and the root's zero at the end. As long as RFC 1035
/// section 2.3.4 allows, in the case in which it was written.
package struct DomainName: Hashable, Sendable {
    /// Of one label.
    package static let maxLabelBytes = 63
    /// Of a whole name, with the lengths of its labels and the zero.
    package static let maxBytes = 255

    package static let root = DomainName(wire: [0])

    let wire: [UInt8]

    /// - Parameter wire: checked by the reader.
    init(wire: [UInt8]) {
        self.wire = wire
    }

    /// Nil for what is no name: a label that is empty or too long, or too much of them.
    package init?(labels: some Sequence<String>) {
        var wire: [UInt8] = []
        for label in labels {
            let text = label.utf8
            guard (1...Self.maxLabelBytes).contains(text.count) else { return nil }
            wire.append(UInt8(text.count))
            wire.append(contentsOf: text)
        }
        wire.append(0)
        guard wire.count <= Self.maxBytes else { return nil }
        self.wire = wire
    }

    /// From the left. What is not UTF-8 becomes replacement characters, which stand in no name of ours.
    package var labels: [String] {
        var labels: [String] = []
        var place = 0
        while place < wire.count, wire[place] > 0 {
            let end = place + 1 + Int(wire[place])
            labels.append(String(decoding: wire[(place + 1)..<end], as: UTF8.self))
            place = end
        }
        return labels
    }
}
