import DocumentCore

/// Stops at problems that are out of order, without a place in the text, or without a decent sentence.
func checkProblems(_ problems: [DocumentProblem], of text: [UInt8]) {
    require(!problems.isEmpty, "refused without a reason")
    require(problems.count <= ProblemCollector.maxKept + 1, "too many problems")
    require(problems == problems.sorted { $0.position < $1.position }, "problems out of order")
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for problem in problems {
        let (line, column) = (Int(problem.position.line), Int(problem.position.column))
        let isNotice = problem.position == .none && problems.count > ProblemCollector.maxKept
        require(isNotice || lines.indices.contains(line - 1), "\(problem): a line that is not there")
        require(
            isNotice || (1...scalars(lines[line - 1]) + 1).contains(column), "\(problem): a column that is not there")
        require((10...400).contains(problem.message.utf8.count), "\(problem): an odd sentence")
        require(!problem.message.unicodeScalars.contains { $0.value < 0x20 }, "\(problem): a control character")
    }
}

private func scalars(_ line: some Sequence<UInt8>) -> Int { line.count { $0 & 0xC0 != 0x80 } }
