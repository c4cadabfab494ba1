import DocumentCore
import IdentityCore

/// Reads the JSON body of a request with the given function; keys that nobody asks for are ignored, as in Consul.
///
/// - Parameter failure: what Consul says before the reason why it cannot be read.
/// - Returns: what was read, and the rules that it breaks, in words.
/// - Throws: `invalid` for what is no JSON, or has values of wrong types.
func decodeBody<Value>(
    _ bytes: [UInt8], _ failure: String = "Request decode failed", _ read: (inout MapReader) -> Value?
) throws(Refusal) -> (value: Value?, broken: String?) {
    let problems = ProblemCollector()
    let document: Document
    do throws(DocumentError) {
        document = try JSONReader.read(bytes)
    } catch {
        throw Refusal(.invalid, "\(failure): \(error)")
    }
    let value = MapReader.read(document, unknown: .ignore, into: problems, read)
    guard !problems.problems.isEmpty else { return (value, nil) }
    let reasons = problems.problems.map(\.sentence).joined(separator: "; ")
    guard problems.problems.allSatisfy({ $0.code == .invalid }) else {
        throw Refusal(.invalid, "\(failure): \(reasons)")
    }
    return (value, reasons)
}
