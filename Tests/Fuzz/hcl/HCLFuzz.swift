import DocumentCore
import HCL

/// The target that libFuzzer feeds. Beyond crashes, hangs and memory it stops at a problem without a place in the text
/// or without a decent sentence, at a formatted text that means something else, and at one that formatting changes
/// again.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    _ = read(text, DocumentLimits(maxBytes: 200, maxDepth: 4))
    guard let document = read(text, DocumentLimits()) else {
        require(formatted(text) == nil, "what is no HCL is formatted")
        return 0
    }
    guard let once = formatted(text) else { fatalError("what is HCL is not formatted") }
    require(read(once, DocumentLimits()) == document, "formatting changes the meaning")
    require(formatted(once) == once, "formatting twice is not formatting once")
    require(once.isEmpty || once.last == UInt8(ascii: "\n"), "the last line does not end")
    require(read(text + Array("\n# comment".utf8), DocumentLimits()) == document, "a comment changes the meaning")
    return 0
}

private func formatted(_ text: [UInt8]) -> [UInt8]? {
    do throws(DocumentProblems) { return try HCLFormatter.format(text) } catch { return nil }
}

private func read(_ text: [UInt8], _ limits: DocumentLimits) -> Document? {
    do throws(DocumentProblems) {
        let document = try HCLReader.read(text, limits: limits)
        require(document.map != nil, "a document that is no map")
        checkDepth(document, limits.maxDepth)
        return document
    } catch {
        checkProblems(error.problems, of: text)
        return nil
    }
}

private func checkDepth(_ document: Document, _ left: Int) {
    switch document.content {
    case .null: fatalError("there is no null")
    case .bool, .integer, .number, .string: break
    case .list(let items):
        require(left > 0, "deeper than the limit")
        for item in items { checkDepth(item, left - 1) }
    case .map(let members):
        require(left > 0, "deeper than the limit")
        for member in members { checkDepth(member.value, left - 1) }
        require(Set(members.map(\.key)).count == members.count, "a key twice")
    }
}
