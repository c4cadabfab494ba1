/// Metrics in the text format of Prometheus, version 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func write(_ metrics: [Metric]) -> String {
        var text = ""
        for metric in metrics where !metric.samples.isEmpty {
            let name = name(of: metric)
            text += "# HELP \(name) \(escaped(metric.help, quotes: false))\n# TYPE \(name) \(metric.kind.rawValue)\n"
            for sample in metric.samples { text += "\(name)\(labels(of: sample)) \(number(sample.value))\n" }
        }
        return text
    }

    /// Counters end in `_total`, as the conventions of Prometheus want it.
    private static func name(of metric: Metric) -> String {
        let name = String(metric.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return metric.kind == .counter && !name.hasSuffix("_total") ? name + "_total" : name
    }

    private static func labels(of sample: Metric.Sample) -> String {
        guard !sample.labels.isEmpty else { return "" }
        let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
        return "{\(labels.joined(separator: ","))}"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Whole numbers without a fraction.
    private static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}
