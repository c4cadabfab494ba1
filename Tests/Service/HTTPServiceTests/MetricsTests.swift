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
                    + #""Gauges":[{"Name":"consul.peering.healthy","Value":1,"Labels":{"peer_name":"dc2"}}],"#
                    + #""Points":[],"Counters":[{"Name":"hawser.gateway.accepted","Count":7,"Sum":7,"Labels":{}}],"#
                    + #""Samples":[]}"#)
        }
    }

    @Test func inTheTextOfPrometheus() async throws {
        try await TestDaemon.run(metrics: Self.metrics) { daemon in
            let answer = try await daemon.send(.get, "/v1/agent/metrics?format=prometheus")
            #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.text.contains("\nconsul_peering_healthy{peer_name=\"dc2\"} 1\n"))
            #expect(answer.text.hasSuffix("\nhawser_gateway_accepted_total 7\n"))
        }
    }
}
