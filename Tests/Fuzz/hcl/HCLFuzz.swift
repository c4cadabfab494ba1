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
        check(error.problems, text)
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

private func check(_ problems: [DocumentProblem], _ text: [UInt8]) {
    require(!problems.isEmpty, "refused without a reason")
    require(problems.count <= ProblemCollector.maxKept + 1, "too many problems")
    require(problems == problems.sorted { $0.position < $1.position }, "problems out of order")
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for problem in problems {
        let (line, column) = (Int(problem.position.line), Int(problem.position.column))
        let isNotice = problem.position == .none && problems.count > ProblemCollector.maxKept
        require(isNotice || lines.indices.contains(line - 1), "\(problem): a line that is not there")
        require(isNotice || (1...lines[line - 1].count + 1).contains(column), "\(problem): a column that is not there")
        require((10...400).contains(problem.message.utf8.count), "\(problem): an odd sentence")
        require(!problem.message.unicodeScalars.contains { $0.value < 0x20 }, "\(problem): a control character")
    }
}
