import DocumentCore
import PeeringCore

extension StoredBytes {
    /// Reads the body as a JSON object with the given function; anything wrong in it makes the row unreadable.
    func map<Value>(_ read: (inout MapReader) -> Value?) -> Value? {
        guard let document = try? JSONReader.read(Array(body)) else { return nil }
        let problems = ProblemCollector()
        let value = MapReader.read(document, unknown: .ignore, into: problems, read)
        return problems.problems.isEmpty ? value : nil
    }

    /// The body as a JSON value.
    var document: Document? { try? JSONReader.read(Array(body)) }
}

enum RowJSON {
    static func object(_ fields: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object(fields)
        return json.bytes
    }
}

extension MapReader {
    /// A modify index; 0 if it is not there.
    mutating func index(_ key: String) -> UInt64 {
        UInt64(integer(key, in: 0 ... .max) ?? 0)
    }

    mutating func timestamp(_ key: String) -> Timestamp? { string(key).flatMap(Timestamp.init(rfc3339:)) }
}
