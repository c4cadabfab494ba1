import CatalogCore
import IdentityCore
import Testing

@testable import CatalogService

@Suite struct SidecarPortsTests {
    private func sidecar(_ id: String, port: Int = 0) -> NodeService {
        var service = NodeService(id: id, service: id, port: port)
        service.kind = .connectProxy
        return service
    }

    @Test func aPortDoesNotDependOnTheOrderOfTheOthers() throws {
        var one = SidecarPorts()
        var other = SidecarPorts()
        let names = ["web", "api", "db"].map { "\($0)-sidecar-proxy" }
        for name in names { _ = try one.assign(to: name) }
        for name in names.reversed() { _ = try other.assign(to: name) }
        for name in names {
            let port = try one.assign(to: name)
            #expect(try other.assign(to: name) == port)
        }
    }

    @Test func aPortThatAServiceAsksForIsNotGivenAway() throws {
        var ports = SidecarPorts()
        let wanted = try ports.assign(to: "a")
        ports.release(["a"])
        ports.note(sidecar("b", port: wanted))
        #expect(try ports.assign(to: "a") != wanted)
        ports.release(["a", "b"])
        #expect(try ports.assign(to: "a") == wanted)
    }

    @Test func aSidecarThatGetsAPortOfItsOwnGivesItsOldOneBack() throws {
        var ports = SidecarPorts()
        let first = try ports.assign(to: "a")
        ports.note(sidecar("a", port: 9_000))
        ports.note(sidecar("a"))
        #expect(try ports.assign(to: "a") == first)
    }

    @Test func theRangeEnds() throws {
        var ports = SidecarPorts()
        for number in 0..<SidecarPorts.range.count { _ = try ports.assign(to: "s\(number)") }
        #expect(throws: Refusal.self) { _ = try ports.assign(to: "one more") }
        let freed = try ports.assign(to: "s7")
        ports.release(["s7"])
        #expect(try ports.assign(to: "one more") == freed)
    }
}
