package import DocumentCore
import IdentityCore
import PeeringCore

/// SHA-256 of bytes. Handed in: the domain has no cryptography of its own.
package typealias EventDigest = @Sendable ([UInt8]) -> [UInt8]

/// How events lie in storage: a line of JSON each. The hash of a line is in the line after it.
package enum EventCoding {
    package static func encode(_ event: ReplicationEvent) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object { write(event, to: &$0) }
        return json.bytes
    }

    /// The fields of an event, which clients see too.
    package static func write(_ event: ReplicationEvent, to json: inout JSONWriter) {
        json.field("number", event.number)
        json.field("time", event.time.rfc3339)
        json.field("peer", event.peer)
        json.field("direction", event.direction.rawValue)
        json.field("what", event.what.rawValue)
        json.field("name", event.name)
        json.field("change", event.change.rawValue)
        json.field("old", event.oldCount)
        json.field("new", event.newCount)
        if !event.fields.isEmpty {
            json.list("fields", event.fields) { json, field in
                json.object {
                    $0.field("path", field.path)
                    if let old = field.old { $0.field("old", old) }
                    if let new = field.new { $0.field("new", new) }
                }
            }
        }
        json.fieldIfNotEmpty("previous", event.previous)
    }

    /// - Returns: `nil` for a line that is no event.
    package static func decode(_ line: ArraySlice<UInt8>) -> ReplicationEvent? {
        guard let map = try? JSONReader.read(Array(line)),
            let number = map["number"].flatMap(integer),
            let time = map["time"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let direction = map["direction"]?.string.flatMap(ReplicationEvent.Direction.init(rawValue:)),
            let what = map["what"]?.string.flatMap(ReplicationEvent.What.init(rawValue:)),
            let change = map["change"]?.string.flatMap(ReplicationEvent.Change.init(rawValue:))
        else { return nil }
        let fields = (map["fields"]?.list ?? []).map {
            FieldChange(path: $0["path"]?.string ?? "", old: $0["old"]?.string, new: $0["new"]?.string)
        }
        var event = ReplicationEvent(
            time: time, peer: map["peer"]?.string ?? "", direction: direction, what: what,
            name: map["name"]?.string ?? "", change: change, oldCount: map["old"].flatMap(integer) ?? 0,
            newCount: map["new"].flatMap(integer) ?? 0, fields: fields)
        event.number = UInt64(clamping: number)
        event.previous = map["previous"]?.string ?? ""
        return event
    }

    private static func integer(_ value: Document) -> Int? {
        guard case .integer(let number) = value.content else { return nil }
        return Int(exactly: number)
    }

    /// The lines of a stored run.
    package static func lines(of run: StoredEvents) -> [ArraySlice<UInt8>] {
        run.bytes.split(separator: UInt8(ascii: "\n"))
    }
}
