/// Rows of cells as Consul's CLI prints them: columns padded to the widest cell, two spaces between.
enum Table {
    static func render(_ rows: [[String]]) -> String {
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

    var trimmingEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
