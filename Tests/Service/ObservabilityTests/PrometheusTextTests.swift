import Testing

@testable import Observability

struct PrometheusTextTests {
    @Test func eachMetricHasItsHelpItsTypeAndItsSamples() {
        let text = PrometheusText.write([
            Metric(
                "consul.peering.healthy", .gauge, "1 while the stream is up",
                [
                    .init([.init("peer_name", "dc2"), .init("peer_id", "p1")], 1),
                    .init([.init("peer_name", "dc3")], 0.5),
                ]),
            Metric("hawser.gateway.accepted", .counter, "Connections that clients made", [.init([], 12_345_678_901)]),
        ])
        #expect(
            text == """
                # HELP consul_peering_healthy 1 while the stream is up
                # TYPE consul_peering_healthy gauge
                consul_peering_healthy{peer_name="dc2",peer_id="p1"} 1
                consul_peering_healthy{peer_name="dc3"} 0.5
                # HELP hawser_gateway_accepted_total Connections that clients made
                # TYPE hawser_gateway_accepted_total counter
                hawser_gateway_accepted_total 12345678901

                """)
    }

    @Test func whatWouldBreakALineIsEscaped() {
        let text = PrometheusText.write([
            Metric("a", .gauge, "one\ntwo \\ \"three\"", [.init([.init("name", "one\n\"two\"\\")], 1)])
        ])
        #expect(text.contains("# HELP a one\\ntwo \\\\ \"three\"\n"))
        #expect(text.contains("a{name=\"one\\n\\\"two\\\"\\\\\"} 1\n"))
    }

    @Test func aMetricWithoutSamplesIsLeftOut() {
        #expect(PrometheusText.write([Metric("a", .gauge, "b", [])]).isEmpty)
    }
}
