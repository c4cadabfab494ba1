import ACLCore
import DocumentCore
import IdentityCore
import Observability
import PeeringCore

/// `/v1/agent/metrics`, in Consul's JSON and in the text format of Prometheus.
enum MetricsRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "agent/metrics",
                ("GET", .agent(.read, environment), { request throws(Refusal) in show(request, environment) }))
        ]
    }

    private static func show(_ request: APIRequest, _ environment: APIEnvironment) -> APIAnswer {
        let dependencies = environment.dependencies
        let metrics = dependencies.metrics() + dependencies.counters.metrics + dependencies.answers.metrics
        if request.query.text("format") == "prometheus" {
            return APIAnswer(content: .text(PrometheusText.write(metrics), type: PrometheusText.contentType))
        }
        let now = dependencies.now()
        return .json { $0.metrics(metrics, at: now) }
    }
}

extension JSONWriter {
    /// As Consul shows what was measured: gauges as they are, counters with what was added since the start.
    fileprivate mutating func metrics(_ metrics: [Metric], at now: Timestamp) {
        object { json in
            json.field("Timestamp", now.wholeSeconds.goText)
            json.list("Gauges", Self.samples(of: metrics, .gauge)) { json, item in
                json.object { json in
                    json.field("Name", item.name)
                    json.field("Value", item.sample.value)
                    json.field("Labels", item.labels)
                }
            }
            json.list("Points", [Int]()) { _, _ in }
            json.list("Counters", Self.samples(of: metrics, .counter)) { json, item in
                json.object { json in
                    json.field("Name", item.name)
                    json.field("Count", Int(item.sample.value))
                    json.field("Sum", item.sample.value)
                    json.field("Labels", item.labels)
                }
            }
            json.list("Samples", [Int]()) { _, _ in }
        }
    }

    private struct Named {
        var name: String
        var sample: Metric.Sample
        var labels: [String: String] {
            Dictionary(sample.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
    }

    private static func samples(of metrics: [Metric], _ kind: Metric.Kind) -> [Named] {
        metrics.filter { $0.kind == kind }.flatMap { metric in
            metric.samples.map { Named(name: metric.name, sample: $0) }
        }
    }
}

extension Timestamp {
    fileprivate var wholeSeconds: Timestamp { Timestamp(nanoseconds: seconds * 1_000_000_000) }
}
