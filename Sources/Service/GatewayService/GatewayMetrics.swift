package import GatewayRelay
package import Observability

extension RelayCounters {
    /// The counters as metrics, those of routes with the route's pattern.
    package var metrics: [Metric] {
        let routes = routes.sorted { $0.key < $1.key }
        func perRoute(_ name: String, _ kind: Metric.Kind, _ help: String, _ value: (Route) -> Double) -> Metric {
            Metric(name, kind, help, routes.map { Metric.Sample([.init("route", $0.key)], value($0.value)) })
        }
        func total(_ name: String, _ kind: Metric.Kind, _ help: String, _ value: Int) -> Metric {
            Metric(name, kind, help, value: Double(value))
        }
        return [
            total("hawser.gateway.accepted", .counter, "Connections that clients made", accepted),
            Metric(
                "hawser.gateway.refused", .counter,
                "Connections that were refused or given up before they were forwarded",
                refused.sorted { $0.key < $1.key }.map { Metric.Sample([.init("reason", $0.key)], Double($0.value)) }),
            total("hawser.gateway.opening", .gauge, "Connections that are not forwarded yet", opening),
            total(
                "hawser.gateway.unfinished_hellos", .gauge, "Connections whose ClientHello is incomplete",
                unfinishedHellos),
            total("hawser.gateway.pipes", .gauge, "Pipes that are open for splicing", pipes),
            perRoute("hawser.gateway.connections", .counter, "Connections that were forwarded") {
                Double($0.connected)
            },
            perRoute("hawser.gateway.open_connections", .gauge, "Connections that are being forwarded") {
                Double($0.open)
            },
            perRoute("hawser.gateway.connect_failures", .counter, "Targets that could not be connected to") {
                Double($0.connectFailures)
            },
            perRoute("hawser.gateway.bytes_to_upstream", .counter, "Bytes that were forwarded to upstreams") {
                Double($0.bytesToUpstream)
            },
            perRoute("hawser.gateway.bytes_to_client", .counter, "Bytes that were forwarded to clients") {
                Double($0.bytesToClient)
            },
        ]
    }
}
