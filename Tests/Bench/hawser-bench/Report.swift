/// The results as JSON, for programs that compare runs.
enum Report {
    static func write(idle: Double, files: FilesResult, load: LoadResults, sync: [SyncResult], to path: String) throws {
        let rows = sync.map { result in
            var fields: [(String, String)] = [
                ("services", "\(result.services)"), ("instances", "\(result.instances)"),
                ("seconds", result.seconds.formatted(4)), ("tls_floor_seconds", result.tlsFloorSeconds.formatted(4)),
                ("cpu_exporter_s", result.cpuExporter.formatted(2)),
                ("cpu_importer_s", result.cpuImporter.formatted(2)),
                ("rss_exporter_mb", result.rssExporter.formatted(1)),
                ("rss_importer_mb", result.rssImporter.formatted(1)),
                ("propagation_p50_ms", result.standing.propagation.p50.formatted(3)),
                ("propagation_p99_ms", result.standing.propagation.p99.formatted(3)),
                ("heartbeat_jitter_p50_ms", result.standing.jitter.p50.formatted(3)),
                ("heartbeat_jitter_p99_ms", result.standing.jitter.p99.formatted(3)),
            ]
            fields += Self.fields(of: result.stored)
            if let api = result.api { fields += Self.fields(of: api) }
            return object(fields)
        }
        let loading = """
            {"files":\(files.files),"load_s":\(files.loadSeconds.formatted(3)),\
            "start_s":\(files.startSeconds.formatted(3)),"reload_s":\(files.reloadSeconds.formatted(3)),\
            "responses_per_reload":\(files.responses)}
            """
        let text = """
            {"idle_rss_mb":\(idle.formatted(1)),"files":\(loading),\
            "register":\(object(fields(of: load.registering))),"ttl_reports":\(array(load.reporting)),\
            "dns":\(object(fields(of: load.dns))),"waking":\(object(fields(of: load.waking))),"sync":[\(rows.joined(separator: ","))]}

            """
        try Daemon.write(text, to: path)
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    /// Null for what a daemon does not say.
    private static func number(_ value: Double?, _ digits: Int) -> String { value?.formatted(digits) ?? "null" }

    private static func fields(of result: StoredResult) -> [(String, String)] {
        [
            ("disk_exporter_mb", result.exporterMegabytes.formatted(1)),
            ("disk_importer_mb", result.importerMegabytes.formatted(1)),
            ("log_events", number(result.logEvents, 0)), ("log_mb", number(result.logMegabytes, 2)),
        ]
    }

    private static func fields(of result: RegisterResult) -> [(String, String)] {
        [
            ("clients", "\(RegisterMeasurement.clients)"),
            ("per_s", (Double(result.registrations) / result.seconds).formatted(0)),
            ("p50_ms", result.latency.p50.formatted(3)), ("p99_ms", result.latency.p99.formatted(3)),
            ("max_ms", result.longest.formatted(3)),
            ("max_by_median", (result.longest / result.latency.p50).formatted(1)),
            ("cpu_ms", result.cpu.formatted(3)), ("commands_per_commit", number(result.commandsPerCommit, 2)),
        ]
    }

    private static func array(_ result: ReportingResult) -> String {
        let rows = result.rows.map { row in
            object([
                ("instances", "\(row.instances)"), ("p50_ms", row.latency.p50.formatted(3)),
                ("p99_ms", row.latency.p99.formatted(3)), ("cpu_ms", row.cpu.formatted(3)),
            ])
        }
        return "[" + rows.joined(separator: ",") + "]"
    }

    private static func fields(of result: DNSResult) -> [(String, String)] {
        let rows = [
            ("a", result.addresses), ("ptr", result.ownNames), ("foreign_ptr", result.foreignNames),
            ("unknown_peer_node", result.unknownNodes),
        ]
        let rates = rows.flatMap { name, row in
            [("\(name)_per_s", row.queriesPerSecond.formatted(0)), ("\(name)_cpu_ms", row.cpu.formatted(4))]
        }
        return rates + [("ptr_by_a", result.reverseShare.formatted(3))]
    }

    private static func fields(of result: WakingResult) -> [(String, String)] {
        [
            ("queries", "\(result.queries)"), ("services", "\(result.services)"),
            ("seconds", result.seconds.formatted(3)), ("cpu_s", result.cpuSeconds.formatted(2)),
            ("reads_p50_ms", result.reads.p50.formatted(3)), ("reads_p99_ms", result.reads.p99.formatted(3)),
            ("quiet_reads_p99_ms", result.quietReads.p99.formatted(3)),
        ]
    }

    private static func fields(of api: APIResult) -> [(String, String)] {
        [
            ("api_requests_per_s", api.requestsPerSecond.formatted(0)),
            ("api_latency_p50_ms", api.latency.p50.formatted(3)), ("api_latency_p99_ms", api.latency.p99.formatted(3)),
            ("blocking_queries", "\(api.standingQueries)"),
            ("blocking_query_kb", (api.bytesPerQuery / 1_000).formatted(2)),
            ("connection_kb", (api.bytesPerConnection / 1_000).formatted(2)),
            ("wake_up_p50_ms", api.wakeUp.p50.formatted(3)), ("wake_up_p99_ms", api.wakeUp.p99.formatted(3)),
            ("wake_up_cpu_ms", api.cpuPerChange.formatted(3)), ("needless_answers", "\(api.needlessAnswers)"),
        ]
    }
}
