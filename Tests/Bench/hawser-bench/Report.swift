/// The results as JSON, for programs that compare runs.
enum Report {
    static func write(idle: Double, files: FilesResult, sync: [SyncResult], to path: String) throws {
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
            if let api = result.api { fields += Self.fields(of: api) }
            return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        }
        let loading = """
            {"files":\(files.files),"load_s":\(files.loadSeconds.formatted(3)),\
            "start_s":\(files.startSeconds.formatted(3)),"reload_s":\(files.reloadSeconds.formatted(3)),\
            "responses_per_reload":\(files.responses)}
            """
        let text = """
            {"idle_rss_mb":\(idle.formatted(1)),"files":\(loading),"sync":[\(rows.joined(separator: ","))]}

            """
        try Daemon.write(text, to: path)
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
