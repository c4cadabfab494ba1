import CatalogCore
import StateCore
import Testing

@testable import ReplicationService

@Suite("Differences of a service")
struct ServiceDifferencesTests {
    private func instance(
        _ id: String, port: Int = 80, tags: [String] = [], meta: [String: String] = [:],
        status: HealthStatus = .passing
    ) -> ServiceInstance {
        ServiceInstance(
            node: Node(name: "n", address: "10.0.0.1"),
            service: NodeService(id: id, service: "web", tags: tags, port: port, meta: meta),
            checks: [HealthCheck(node: "n", checkID: "c", name: "", status: status)])
    }

    @Test func whatDiffersIsNamedByNodeInstanceAndField() {
        let before = [instance("a", port: 80, meta: ["v": "1"]), instance("b")]
        let after = [instance("a", port: 81, meta: ["v": "2", "w": "3"], status: .critical), instance("b")]
        #expect(
            ServiceDifferences.between(before, after) == [
                FieldChange(path: "n/a/Meta.v", old: "1", new: "2"),
                FieldChange(path: "n/a/Meta.w", old: nil, new: "3"),
                FieldChange(path: "n/a/Port", old: "80", new: "81"),
                FieldChange(path: "n/a/Status", old: "passing", new: "critical"),
            ])
    }

    @Test func anInstanceThatComesOrGoesIsOneLine() {
        #expect(
            ServiceDifferences.between([instance("a")], [instance("b", port: 81)]) == [
                FieldChange(path: "n/a", old: "10.0.0.1:80", new: nil),
                FieldChange(path: "n/b", old: nil, new: "10.0.0.1:81"),
            ])
    }

    @Test func anEventKeepsABoundedNumberAndSaysHowManyItLeftOut() {
        let many = (0..<100).map { FieldChange(path: "p\($0)", old: String(repeating: "x", count: 1_000), new: nil) }
        let kept = FieldChange.bounded(many)
        #expect(kept.count == FieldChange.maxPerEvent + 1 && kept.last?.path == "and 68 more")
        #expect(kept.allSatisfy { ($0.old?.utf8.count ?? 0) <= FieldChange.maxTextBytes + 3 })
    }
}
