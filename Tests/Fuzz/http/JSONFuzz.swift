import DocumentCore
import PeeringCore

/// A text whose problem is at no place in it, one that is read as deeper than the limit, and a document that is another
/// one when it was written and is read again.
func checkJSON(_ bytes: [UInt8]) {
    for limits in [DocumentLimits(maxBytes: 200, maxDepth: 4), DocumentLimits()] {
        do throws(DocumentError) {
            let document = try JSONReader.read(bytes, limits: limits)
            checkDepth(document, limits.maxDepth)
            checkWriting(document)
        } catch {
            checkProblems([DocumentProblem(error)], of: bytes)
        }
    }
}

private func checkDepth(_ document: Document, _ left: Int) {
    switch document.content {
    case .null, .bool, .integer, .number, .string: break
    case .list(let items):
        require(left > 0, "deeper than the limit")
        for item in items { checkDepth(item, left - 1) }
    case .map(let members):
        require(left > 0, "deeper than the limit")
        for member in members { checkDepth(member.value, left - 1) }
    }
}

private func checkWriting(_ document: Document) {
    for style in [JSONWriter.Style.compact, .pretty] {
        let written = document.json(style)
        guard let again = try? JSONReader.read(written) else { fatalError("what was written cannot be read") }
        require(isSame(document, again), "what was written is something else")
        require(again.json(style) == written, "what was written is written in another way")
    }
}

/// By the byte and the bit; a number without a fraction is written as an integer.
func isSame(_ left: Document, _ right: Document) -> Bool {
    switch (left.content, right.content) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.number(let left), .number(let right)): left.bitPattern == right.bitPattern
    case (.number(let left), .integer(let right)): left.bitPattern == Double(right).bitPattern
    case (.string(let left), .string(let right)): isSame(left, right)
    case (.list(let left), .list(let right)): left.elementsEqual(right, by: isSame)
    case (.map(let left), .map(let right)):
        left.elementsEqual(right) { isSame($0.key, $1.key) && isSame($0.value, $1.value) }
    default: false
    }
}

/// A span of time or a moment that is another one when it was written and is read again.
func checkDuration(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let span = GoDuration(text) {
        require(GoDuration(span.description) == span, "\(span) is not \(span.nanoseconds) ns")
        require(GoDuration(span.duration) == span, "\(span) is another duration")
    }
    if let moment = Timestamp(rfc3339: text) {
        require(Timestamp(rfc3339: moment.rfc3339) == moment, "\(moment.rfc3339) is not \(moment.nanoseconds) ns")
    }
}
