import Glibc

/// Measures what the README claims, on this machine, with the daemon as it is deployed, and puts beside it what one
/// plain TLS connection of the same engine needs for the same bytes in the same run.
///
///     hawser-bench PROGRAM REPORT [SERVICES...]
@main
struct HawserBench {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2 else {
            fail("usage: hawser-bench PROGRAM REPORT [SERVICES...]")
        }
        let program = arguments.removeFirst()
        let report = arguments.removeFirst()
        let sizes = arguments.isEmpty ? [200, 1_000, 5_000, 10_000] : arguments.compactMap(Int.init)
        do {
            try raiseOpenFileLimit()
            let idle = try IdleMeasurement.run(program: program)
            print("idle daemon: \(idle.formatted(1)) MB resident")
            let files = try FilesMeasurement(program: program).run()
            print(files.description)
            let load = try LoadResults.measure(program: program)
            var results: [SyncResult] = []
            for services in sizes {
                let result = try await SyncMeasurement(
                    program: program, services: services, measuresAPI: services == sizes.last
                ).run()
                print(result.description)
                results.append(result)
            }
            if let first = results.first, let last = results.last, last.services > first.services {
                print(
                    """
                    \(last.services) services against \(first.services): a change takes \
                    x\((last.standing.propagation.p50 / first.standing.propagation.p50).formatted(2)), a heartbeat is off by \
                    x\((last.standing.jitter.p50 / first.standing.jitter.p50).formatted(2))
                    """)
            }
            try Report.write(idle: idle, files: files, load: load, sync: results, to: report)
            print("written to \(report)")
        } catch {
            fail("\(error)")
        }
    }

    /// Thousands of connections at once.
    private static func raiseOpenFileLimit() throws {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw BenchError("the limit of open files cannot be raised: errno \(errno)")
        }
    }

    private static func fail(_ text: String) -> Never {
        print("hawser-bench: \(text)")
        exit(1)
    }
}

/// What the daemon does under load of several kinds.
struct LoadResults {
    var registering: RegisterResult
    var reporting: ReportingResult
    var dns: DNSResult
    var waking: WakingResult

    /// Prints each as soon as it is there.
    static func measure(program: String) throws -> LoadResults {
        let registering = try RegisterMeasurement(program: program).run()
        print(registering.description)
        let reporting = try ReportingMeasurement(program: program).run()
        print(reporting.description)
        let dns = try DNSMeasurement(program: program).run()
        print(dns.description)
        let waking = try WakingMeasurement(program: program).run()
        print(waking.description)
        return LoadResults(registering: registering, reporting: reporting, dns: dns, waking: waking)
    }
}

/// Something that went wrong on the way; the sentence is all.
struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
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
        return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
