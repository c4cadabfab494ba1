import Glibc

/// What was measured of one proxy, or of the direct way, over all rounds.
struct Row {
    let name: String
    var bulk: [BulkMeasurement] = []
    var connections: [ConnectionMeasurement] = []
    var echo: [EchoMeasurement] = []
    var idle: IdleMeasurement?

    /// Medians of the rounds, in the order of `Column.all`.
    var values: [Double] {
        [
            median(bulk.map(\.gigabitsPerSecond)), median(bulk.map(\.cpuSecondsPerGigabyte)),
            median(connections.map(\.perSecond)), median(connections.map(\.cpuSecondsPerThousand)),
            median(echo.map(\.p50Microseconds)), median(echo.map(\.p99Microseconds)), idle?.megabytes ?? 0,
        ]
    }

    /// The figures of the last round.
    var latest: String {
        guard let bulk = bulk.last, let connections = connections.last, let echo = echo.last else { return "-" }
        return """
            \(bulk.gigabitsPerSecond.formatted(2)) Gbit/s at \(bulk.cpuSecondsPerGigabyte.formatted(3)) s/GB, \
            \(connections.perSecond.formatted(0)) conn/s at \(connections.cpuSecondsPerThousand.formatted(4)) s/1000, \
            p50 \(echo.p50Microseconds.formatted(1)) us, p99 \(echo.p99Microseconds.formatted(1)) us
            """
    }

    private func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// One figure of the report: its key in the JSON, its head in the table, and what is asked of it.
struct Column {
    let key: String
    let head: String
    let digits: Int
    let higherIsBetter: Bool
    /// What the ratio to the best of the others must reach, or may not exceed; none if nothing is asked.
    let goal: Double?

    static let all = [
        Column(key: "gbit_s", head: "Gbit/s", digits: 2, higherIsBetter: true, goal: 1.25),
        Column(key: "cpu_s_per_gb", head: "CPU s/GB", digits: 4, higherIsBetter: false, goal: 0.5),
        Column(key: "conn_s", head: "conn/s", digits: 0, higherIsBetter: true, goal: 1.1),
        Column(key: "cpu_s_per_1000_conn", head: "CPU s/1000", digits: 4, higherIsBetter: false, goal: nil),
        Column(key: "echo_p50_us", head: "p50 us", digits: 1, higherIsBetter: false, goal: nil),
        Column(key: "echo_p99_us", head: "p99 us", digits: 1, higherIsBetter: false, goal: 1),
        Column(key: "rss_idle_10k_mb", head: "idle MB", digits: 1, higherIsBetter: false, goal: 0.5),
    ]
}

struct Report {
    static let ours = "hawser"
    /// In the order of the run.
    let rows: [Row]
    /// The row without a proxy; it is printed and not written.
    let direct: Row

    var table: String {
        let heads = Column.all.map { $0.head.padded(11) }.joined()
        var lines = ["proxy     \(heads)"]
        for row in rows + [direct] {
            let cells = zip(Column.all, row.values).map { column, value in
                (value == 0 ? "-" : value.formatted(column.digits)).padded(11)
            }
            lines.append(row.name.padded(-10) + cells.joined())
        }
        return lines.joined(separator: "\n")
    }

    /// Ours against the best of the others, a line for each figure.
    var comparison: String {
        guard let ours = rows.first(where: { $0.name == Self.ours }), rows.count > 1 else {
            return "\(Self.ours) was not measured, so there is nothing to compare."
        }
        let others = rows.filter { $0.name != Self.ours }
        var lines = ["\(Self.ours) against the best of the others:"]
        for (index, column) in Column.all.enumerated() {
            let sorted = others.sorted { $0.values[index] < $1.values[index] }
            guard let best = column.higherIsBetter ? sorted.last : sorted.first, best.values[index] > 0 else {
                continue
            }
            let ratio = ours.values[index] / best.values[index]
            var line = "  \(column.head.padded(-12))\(ratio.formatted(2).padded(6))x of \(best.name.padded(-8))"
            if let goal = column.goal {
                let reached = column.higherIsBetter ? ratio >= goal : ratio <= goal
                line += " goal \(column.higherIsBetter ? ">=" : "<=") \(goal.formatted(2)): "
                line += reached ? "reached" : "MISSED"
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }

    /// A list of objects, one for each proxy.
    var json: String {
        let objects = rows.map { row in
            let fields = zip(Column.all, row.values).map { "\"\($0.key)\":\($1.formatted(max($0.digits, 1)))" }
            return "  {\"proxy\":\"\(row.name)\",\(fields.joined(separator: ","))}"
        }
        return "[\n\(objects.joined(separator: ",\n"))\n]\n"
    }

    func write(to path: String) throws {
        guard let file = unsafe fopen(path, "w") else {
            throw BenchError("\(path) cannot be written: \(Socket.reason())")
        }
        let written = unsafe fputs(json, file)
        guard unsafe fclose(file) == 0, written >= 0 else {
            throw BenchError("\(path) cannot be written: \(Socket.reason())")
        }
    }
}

extension String {
    /// Filled up with spaces: on the left, or with a negative width on the right.
    func padded(_ width: Int) -> String {
        let spaces = String(repeating: " ", count: max(0, abs(width) - utf8.count))
        return width < 0 ? self + spaces : spaces + self
    }
}

extension Double {
    /// With so many digits behind the point.
    func formatted(_ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((self * scale).rounded())
        guard digits > 0 else { return "\(scaled)" }
        let fraction = "\(abs(scaled) % Int(scale))"
        return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.utf8.count) + fraction
    }
}
