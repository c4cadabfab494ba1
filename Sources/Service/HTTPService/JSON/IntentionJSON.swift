import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

/// An intention with the indexes of the entry that it stands in.
struct IntentionDetails: Comparable {
    var intention: Intention
    var indexes: RowIndexes

    /// Old clients know an intention by an ID. It is made of what tells intentions apart, so that each has one, whoever
    /// wrote it.
    var id: String {
        let source = intention.source
        let bytes = [source.peer, source.name, intention.destination].map { Array($0.utf8) }.joined(separator: [0])
        let number = Fingerprint.of(bytes)
        return RandomID.text(
            from: stride(from: 120, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) })
    }

    static func < (left: IntentionDetails, right: IntentionDetails) -> Bool { left.intention < right.intention }
    static func == (left: IntentionDetails, right: IntentionDetails) -> Bool { left.intention == right.intention }
}

extension State {
    /// What decides first comes first.
    var intentions: [IntentionDetails] {
        cluster.configEntries.values.flatMap { stored -> [IntentionDetails] in
            guard case .serviceIntentions(let intentions) = stored.entry.content else { return [] }
            let indexes = RowIndexes(create: stored.createIndex, modify: stored.modifyIndex)
            return intentions.sources.map { source in
                IntentionDetails(
                    intention: Intention(source: source, destination: stored.entry.name), indexes: indexes)
            }
        }
        .sorted()
    }
}

extension JSONWriter {
    mutating func value(_ details: IntentionDetails) {
        let source = details.intention.source
        object { json in
            json.field("ID", details.id)
            json.fieldIfNotEmpty("Description", source.description)
            json.field("SourceNS", "default")
            json.field("SourceName", source.name)
            json.fieldIfNotEmpty("SourcePeer", source.peer)
            json.field("DestinationNS", "default")
            json.field("DestinationName", details.intention.destination)
            json.field("SourceType", "consul")
            source.writeDecision(to: &json)
            json.field("Precedence", source.precedence)
            json.field("CreateIndex", details.indexes.create)
            json.field("ModifyIndex", details.indexes.modify)
        }
    }
}
