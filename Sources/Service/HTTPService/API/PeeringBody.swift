import DocumentCore
import IdentityCore

/// Reads the small JSON bodies of the peering endpoints.
enum PeeringBody {
    /// Refuses keys that are not known, in Go's words, as clients expect it (protocol section 8.1).
    ///
    /// - Parameter decode: takes the values out of the body.
    static func decode<Value>(
        _ bytes: [UInt8], keys: [String], _ decode: (inout MapReader) -> Value?
    ) throws(Refusal) -> Value {
        guard bytes.contains(where: { !isSpace($0) }) else { throw failure("EOF") }
        let document: Document
        do throws(DocumentError) {
            document = try JSONReader.read(bytes, limits: DocumentLimits(maxBytes: bytes.count, maxDepth: 8))
        } catch {
            throw failure(error.description)
        }
        for member in document.map ?? [] where !keys.contains(where: { keysMatch($0, member.key) }) {
            throw failure("json: unknown field \(quoted(member.key))")
        }
        let problems = ProblemCollector()
        let value = MapReader.read(document, unknown: .ignore, into: problems, decode)
        guard problems.problems.isEmpty, let value else {
            throw failure(problems.problems.map(\.sentence).joined(separator: "; "))
        }
        return value
    }

    private static func failure(_ reason: String) -> Refusal {
        Refusal(.invalid, "Body decoding failed: \(reason)")
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte)
    }
}
