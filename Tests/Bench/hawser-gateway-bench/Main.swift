import Glibc
import ProcessTestKit

/// The load of `make bench-gateway`. Deploy/dev/bench-gateway.sh starts the proxies and says what is measured.
///
///     hawser-gateway-bench ports COUNT
///     hawser-gateway-bench backend PORT
///     hawser-gateway-bench load REPORT ROUNDS direct=PORT NAME=PORT:PID...
///     hawser-gateway-bench name
@main
struct HawserGatewayBench {
    /// For each direction.
    private static let bulkSeconds = 1.2
    private static let connectionSeconds = 1.5
    /// For what the last measurement left to be closed.
    private static let restSeconds = 0.15

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch (arguments.first, arguments.count) {
            case ("name", 1):
                say(Hello.serverName)
            case ("ports", 2):
                for _ in 0..<(Int(arguments[1]) ?? 0) { say("\(FreePort.take())") }
            case ("backend", 2):
                guard let port = UInt16(arguments[1]) else { throw BenchError("\(arguments[1]) is no port") }
                try Backend(port: port).run()
            case ("load", 4...):
                guard let rounds = Int(arguments[2]), rounds > 0 else {
                    throw BenchError("\(arguments[2]) is no number of rounds")
                }
                let subjects = try arguments[3...].map { try Subject($0) }
                try measure(subjects, rounds: rounds, report: arguments[1])
            default:
                throw BenchError("see the top of Deploy/dev/bench-gateway.sh; make bench-gateway calls this program")
            }
        } catch {
            say("hawser-gateway-bench: \(error)")
            exit(1)
        }
    }

    /// Memory first, while the proxies are fresh; then round after round everything else. The proxies follow each
    /// other within a round, and every round starts with another one, so that what disturbs meets all.
    private static func measure(_ subjects: [Subject], rounds: Int, report path: String) throws {
        var rows = subjects.map { Row(name: $0.name) }
        for (index, subject) in subjects.enumerated() {
            try naming(subject) {
                try SenseCheck.run(subject)
                guard subject.process != nil else { return }
                let idle = try IdleMeasurement(subject)
                rows[index].idle = idle
                say(
                    "\(subject.name): \(idle.freshMegabytes.formatted(1)) MB fresh, \(idle.megabytes.formatted(1)) MB idle"
                )
            }
            pause(seconds: 0.5)
        }
        for round in 0..<rounds {
            let order = subjects.indices.map { ($0 + round) % subjects.count }
            for index in order {
                try naming(subjects[index]) {
                    rows[index].bulk.append(try BulkMeasurement(subjects[index], seconds: bulkSeconds))
                }
                pause(seconds: restSeconds)
            }
            for index in order {
                try naming(subjects[index]) {
                    rows[index].connections.append(
                        try ConnectionMeasurement(subjects[index], seconds: connectionSeconds))
                }
                pause(seconds: restSeconds)
            }
            for index in order {
                try naming(subjects[index]) { rows[index].echo.append(try EchoMeasurement(subjects[index])) }
                pause(seconds: restSeconds)
            }
            say("round \(round + 1) of \(rounds):")
            for row in rows { say("  \(row.name.padded(-10))\(row.latest)") }
        }
        let direct = zip(subjects, rows).first { $0.0.process == nil }?.1 ?? Row(name: "direct")
        let proxies = zip(subjects, rows).filter { $0.0.process != nil }.map { $0.1 }
        let report = Report(rows: proxies, direct: direct)
        say("\nMedians of \(rounds) rounds:\n\(report.table)\n\n\(report.comparison)\n")
        if IdleMeasurement.connections < IdleMeasurement.goal {
            say("idle MB is measured at \(IdleMeasurement.connections) connections and carried on to 10,000:")
            say("this machine lets a process have no more descriptors.")
        }
        try report.write(to: path)
        say("written to \(path)")
    }

    /// Says whose measurement failed.
    private static func naming(_ subject: Subject, _ body: () throws -> Void) throws {
        do { try body() } catch { throw BenchError("\(subject.name): \(error)") }
    }
}

/// Prints a line at once, also into a pipe.
private func say(_ line: String) {
    print(line)
    fflush(nil)
}

/// Something that went wrong on the way; the sentence is all.
struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
