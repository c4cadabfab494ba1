/// Rows of cells as Consul's CLI prints them: columns padded to the widest cell, two spaces between.
enum Table {
    static func render(_ texts: [[String]]) -> String {
        let rows = texts.map { $0.map(\.printable) }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in line(row, widths) + "\n" }.joined()
    }

    private static func line(_ row: [String], _ widths: [Int]) -> String {
        let cells = row.enumerated().map { column, cell in
            column == row.count - 1 ? cell : cell.padded(to: widths[column])
        }
        return cells.joined(separator: "  ").trimmingEnd
    }
}

extension String {
    /// Filled up with spaces; longer texts stay whole.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// Filled up with spaces in front.
    func padded(before width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }

    /// Without control characters: names and errors of a peer must not reach the terminal as commands.
    var printable: String {
        guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
        let shown = unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
        return String(String.UnicodeScalarView(shown))
    }

    /// The same for a text of several lines.
    var printableLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
    }

    var trimmingEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
