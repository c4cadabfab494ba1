/// One thing that is counted or measured, with a value for each of its labels' values at one moment.
///
/// Metrics are collected when somebody asks for them, from what the parts know anyway: there is no registry, and
/// nothing is added where bytes move.
package struct Metric: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Goes up and down.
        case gauge
        /// Only grows, from 0 at the start of the process.
        case counter
    }

    package struct Sample: Hashable, Sendable {
        /// In the order in which they are shown.
        package var labels: [Label]
        package var value: Double

        package init(_ labels: [Label], _ value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    package struct Label: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In the form of Consul's JSON: parts joined by dots, such as `consul.peering.healthy`.
    package var name: String
    package var kind: Kind
    /// One sentence without its full stop.
    package var help: String
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// One value without labels; nil if it is not known just now.
    package init(_ name: String, _ kind: Kind, _ help: String, value: Double?) {
        self.init(name, kind, help, value.map { [Sample([], $0)] } ?? [])
    }
}
