import HawserTestKit
import Observability
import Testing

@testable import hawser

@Suite("Metrics over HTTP")
struct MetricsTests {
    private static let metrics = [
        Metric("consul.peering.healthy", .gauge, "up", [.init([.init("peer_name", "dc2")], 1)]),
        Metric("hawser.gateway.accepted", .counter, "accepted", [.init([], 7)]),
    ]

    @Test func inTheJSONOfConsul() async throws {
        try await TestDaemon.run(metrics: Self.metrics) { daemon in
            let answer = try await daemon.send(.get, "/v1/agent/metrics")
            #expect(
                answer.text == #"{"Timestamp":"2001-09-09 01:46:40 +0000 UTC","#
                    + #""Gauges":[{"Name":"consul.peering.healthy","Value":1,"Labels":{"peer_name":"dc2"}},"#
                    + #"{"Name":"hawser.http.current_requests","Value":1,"Labels":{}}],"#
                    + #""Points":[],"Counters":[{"Name":"hawser.gateway.accepted","Count":7,"Sum":7,"Labels":{}}],"#
                    + #""Samples":[]}"#)
        }
    }

    @Test func inTheTextOfPrometheus() async throws {
        try await TestDaemon.run(metrics: Self.metrics) { daemon in
            let answer = try await daemon.send(.get, "/v1/agent/metrics?format=prometheus")
            #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.text.contains("\nconsul_peering_healthy{peer_name=\"dc2\"} 1\n"))
            #expect(answer.text.contains("\nhawser_gateway_accepted_total 7\n"))
        }
    }

    @Test func requestsAreCountedByTheirStatus() async throws {
        try await TestDaemon.run { daemon in
            for path in ["/v1/peerings", "/v1/peerings", "/v1/nothing", "/v1/peering/nobody?index=x"] {
                _ = try await daemon.send(.get, path)
            }
            let text = try await daemon.send(.get, "/v1/agent/metrics?format=prometheus").text
            for line in [
                #"hawser_http_requests_total{status="200"} 2"#, #"hawser_http_requests_total{status="400"} 1"#,
                #"hawser_http_requests_total{status="404"} 1"#, "hawser_http_current_requests 1",
            ] {
                #expect(text.contains("\n\(line)\n"), "\(text)")
            }
        }
    }
}
