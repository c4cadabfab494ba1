// The lines of a layout: how far in they begin, and what stands below what.

extension HCLLayout {
    /// One line of the output, or several if a token of it spans lines.
    private struct Line {
        var tokens: Range<Int>
        /// Levels.
        var indentation: Int
        /// Where its only attribute has `=`, if it is one on one line.
        var equals: Int?
        /// Columns of the key.
        var keyWidth = 0
        /// Columns in front of the comment at its end; nil if it has none that could be moved.
        var commentColumn: Int?
        var padding = 0
        var commentPadding = 0
    }

    /// The whole text, formatted.
    func written() -> [UInt8] {
        var lines = lines()
        align(&lines, by: { $0.equals == nil ? nil : $0.keyWidth }, { $0.padding = $1 })
        align(&lines, by: { line in line.commentColumn.map { $0 + line.padding } }, { $0.commentPadding = $1 })
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 8)
        for line in lines {
            if breaks[line.tokens.lowerBound] > 1 { output += lineEnd }
            write(line, to: &output)
            output += lineEnd
        }
        return output
    }

    // MARK: - Lines

    private func lines() -> [Line] {
        var lines: [Line] = []
        /// The indentation of the line that opened each bracket.
        var open: [Int] = []
        var start = 0
        while start < tokens.count {
            var end = start + 1
            while end < tokens.count, breaks[end] == 0 { end += 1 }
            lines.append(line(start..<end, &open))
            start = end
        }
        return lines
    }

    private func line(_ range: Range<Int>, _ open: inout [Int]) -> Line {
        var line = Line(tokens: range, indentation: open.last.map { $0 + 1 } ?? 0)
        var rest = range
        while let index = rest.first, isClosing(index), let indentation = open.popLast() {
            line.indentation = indentation
            rest = rest.dropFirst()
        }
        if continuations.contains(range.lowerBound) { line.indentation += 1 }
        var isBalanced = rest == range
        let depth = open.count
        for index in rest {
            if isOpening(index) { open.append(line.indentation) }
            if isClosing(index) { _ = open.popLast() }
            isBalanced = isBalanced && open.count >= depth
        }
        measure(&line, isBalanced: isBalanced && open.count == depth)
        return line
    }

    private func measure(_ line: inout Line, isBalanced: Bool) {
        guard !line.tokens.contains(where: spansLines) else { return }
        let first = line.tokens.lowerBound
        if isBalanced, itemStarts.contains(first), first + 1 < line.tokens.upperBound, tokens[first + 1].kind == .equals
        {
            line.equals = first + 1
            line.keyWidth = width(first)
        }
        guard let last = line.tokens.last, last > first, tokens[last].kind == .lineComment else { return }
        line.commentColumn = line.tokens.dropLast().reduce(0) { $0 + width($1) + (isSpaced($1, first) ? 1 : 0) }
    }

    private func isOpening(_ index: Int) -> Bool {
        tokens[index].kind == .openBrace || tokens[index].kind == .openBracket
    }

    private func isClosing(_ index: Int) -> Bool {
        tokens[index].kind == .closeBrace || tokens[index].kind == .closeBracket
    }

    /// In Unicode scalars.
    private func width(_ index: Int) -> Int { text[tokens[index].range].count { $0 & 0xC0 != 0x80 } }

    /// Pads lines that follow each other to the widest of them.
    ///
    /// - Parameters:
    ///   - width: nil for a line that is not aligned, and ends a run.
    ///   - pad: takes the number of spaces that a line lacks.
    private func align(_ lines: inout [Line], by width: (Line) -> Int?, _ pad: (inout Line, Int) -> Void) {
        var start = 0
        while start < lines.count {
            guard var widest = width(lines[start]) else {
                start += 1
                continue
            }
            var end = start + 1
            while end < lines.count, let next = width(lines[end]), lines[end].indentation == lines[start].indentation,
                breaks[lines[end].tokens.lowerBound] == 1
            {
                widest = max(widest, next)
                end += 1
            }
            for index in start..<end { pad(&lines[index], widest - (width(lines[index]) ?? widest)) }
            start = end
        }
    }

    // MARK: - Bytes

    private func write(_ line: Line, to output: inout [UInt8]) {
        output += repeatElement(UInt8(ascii: " "), count: 2 * line.indentation)
        for index in line.tokens {
            if isSpaced(index, line.tokens.lowerBound) { output.append(UInt8(ascii: " ")) }
            if index == line.equals { output += repeatElement(UInt8(ascii: " "), count: line.padding) }
            var bytes = text[tokens[index].range]
            if tokens[index].kind == .lineComment {
                if line.commentColumn != nil {
                    output += repeatElement(UInt8(ascii: " "), count: line.commentPadding)
                }
                while let last = bytes.last, " \t\r".utf8.contains(last) { bytes.removeLast() }
            }
            output += bytes
        }
    }

    /// Whether a space stands between a token and the one before it on its line.
    private func isSpaced(_ index: Int, _ first: Int) -> Bool {
        guard index > first else { return false }
        switch (tokens[index - 1].kind, tokens[index].kind) {
        case (_, .comma), (.openBrace, .closeBrace): return false
        case (.blockComment, _), (_, .lineComment), (_, .blockComment): return true
        case (.openBracket, _), (_, .closeBracket): return false
        default: return true
        }
    }
}
