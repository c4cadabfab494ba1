import CatalogCore
import ConfigCore
import ConfigFiles
import Foundation
import HawserTestKit
import IdentityCore
import StateCore
import Testing

@testable import CatalogService

@Suite struct FileCatalogTests {
    /// A directory of files, a store, and the catalog between them.
    private struct Setting {
        let directory: URL
        let store: StateStore
        let catalog: FileCatalog

        init(_ files: [String: String]) async throws {
            directory = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            for (name, text) in files { try Data(text.utf8).write(to: directory.appending(path: name)) }
            store = try await StateStore(testing: MemoryStorage())
            var loader = ConfigLoader([.directory(directory.path)])
            let loaded = try loader.load()
            catalog = FileCatalog(
                store: store, node: Node(name: "node-1", address: "10.0.0.1"), loader: loader, loaded: loaded)
            try await catalog.apply(loaded)
        }

        func write(_ name: String, _ text: String?) throws {
            let file = directory.appending(path: name)
            if let text {
                try Data(text.utf8).write(to: file)
            } else {
                try FileManager.default.removeItem(at: file)
            }
        }

        func remove() { try? FileManager.default.removeItem(at: directory) }

        func instances(_ name: String) -> [ServiceInstance] { store.state.catalog.instances(of: name) }
    }

    @Test func filesBecomeServicesOfTheAgentsNode() async throws {
        let setting = try await Setting([
            "web.yaml": "service: {name: web, port: 80, check: {id: alive, tcp: \"1.2.3.4:80\", interval: 10s}}"
        ])
        defer { setting.remove() }
        let web = try #require(setting.instances("web").first)
        #expect(web.node.name == "node-1" && web.node.address == "10.0.0.1")
        #expect(web.checks.map(\.node) == ["node-1"])
    }

    @Test func aReloadAppliesWhatChangedAndSaysSo() async throws {
        let setting = try await Setting([
            "a.yaml": "service: {name: a, port: 1}", "b.yaml": "service: {name: b, port: 2}",
        ])
        defer { setting.remove() }
        let untouched = setting.store.state.catalog.services["b"]?.modifyIndex
        #expect(try await setting.catalog.reload() == ["nothing changed"])
        try setting.write("a.yaml", "service: {name: a, port: 100}")
        try setting.write(
            "c.yaml", "config_entries: {bootstrap: [{kind: service-defaults, name: a, protocol: http}]}")
        let lines = try await setting.catalog.reload()
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("service a changed (") && lines[0].contains("a.yaml:1:"))
        #expect(lines[1].hasPrefix("config entry service-defaults/a added ("))
        #expect(setting.instances("a").map(\.service.port) == [100])
        #expect(setting.store.state.catalog.services["b"]?.modifyIndex == untouched)
        try setting.write("b.yaml", nil)
        #expect(try await setting.catalog.reload() == ["service b removed"])
        #expect(setting.instances("b").isEmpty)
    }

    @Test func aBrokenFileLeavesTheOldStateStanding() async throws {
        let setting = try await Setting(["a.yaml": "service: {name: a, port: 1}"])
        defer { setting.remove() }
        try setting.write("a.yaml", "service: {name: a, port: 2}")
        try setting.write("b.yaml", "service:\n  name: b\n  port: eighty\n")
        let refusal = await #expect(throws: Refusal.self) { try await setting.catalog.reload() }
        #expect(refusal?.code == .invalid)
        #expect(refusal?.message.contains("b.yaml:3:") == true)
        #expect(refusal?.message.contains("port") == true)
        #expect(setting.instances("a").map(\.service.port) == [1])
        try setting.write("b.yaml", "service: {name: b, port: 80}")
        #expect(try await setting.catalog.reload().count == 2)
        #expect(setting.instances("a").map(\.service.port) == [2])
    }

    @Test func settingsThatNeedARestartAreNamed() async throws {
        let setting = try await Setting(["agent.yaml": "datacenter: dc1\nports: {http: 8500}"])
        defer { setting.remove() }
        try setting.write("agent.yaml", "datacenter: dc9\nports: {http: 8600}")
        let file = setting.directory.appending(path: "agent.yaml").path
        #expect(
            try await setting.catalog.reload() == [
                "nothing changed", "datacenter changed in \(file): restart the agent to apply it",
                "ports.http changed in \(file): restart the agent to apply it",
            ])
        try setting.write("agent.yaml", "datacenter: dc1")
        #expect(
            try await setting.catalog.reload() == [
                "nothing changed", "ports.http is gone from the files: restart the agent to apply it",
            ])
    }

    @Test func sidecarsWithoutAPortGetOneAndKeepIt() async throws {
        let sidecar = "connect: {sidecar_service: {}}"
        let setting = try await Setting([
            "a.yaml": "service: {name: a, port: 1, \(sidecar)}", "b.yaml": "service: {name: b, port: 2, \(sidecar)}",
        ])
        defer { setting.remove() }
        let first = setting.instances("a-sidecar-proxy").map(\.service.port)
        let second = setting.instances("b-sidecar-proxy").map(\.service.port)
        #expect(Set(first + second).count == 2)
        #expect((first + second).allSatisfy(SidecarPorts.range.contains))
        try setting.write("a.yaml", "service: {name: a, port: 100, \(sidecar)}")
        _ = try await setting.catalog.reload()
        #expect(setting.instances("a-sidecar-proxy").map(\.service.port) == first)
    }

    @Test func aReloadThatComesDuringAnotherWaitsForIt() async throws {
        let setting = try await Setting(["a.yaml": "service: {name: a, port: 1}"])
        defer { setting.remove() }
        try setting.write("a.yaml", "service: {name: a, port: 100}")
        async let one = setting.catalog.reload()
        async let other = setting.catalog.reload()
        let lines = try await one + other
        #expect(lines.filter { $0.hasPrefix("service a changed") }.count == 1)
        #expect(lines.filter { $0 == "nothing changed" }.count == 1)
    }

    @Test func whatCannotBeCompletedLeavesTheOldStateStanding() async throws {
        let setting = try await Setting(["a.yaml": "service: {name: a, port: 1}"])
        defer { setting.remove() }
        let many = (0...SidecarPorts.range.count).map {
            "{name: s\($0), port: 1, connect: {sidecar_service: {}}}"
        }
        try setting.write("b.yaml", "services: [\(many.joined(separator: ","))]")
        let refusal = await #expect(throws: Refusal.self) { try await setting.catalog.reload() }
        #expect(refusal?.message.hasPrefix("no port is left for the sidecar") == true)
        #expect(setting.instances("s0").isEmpty)
        try setting.write("b.yaml", "service: {name: s0, port: 1, connect: {sidecar_service: {}}}")
        #expect(try await setting.catalog.reload().count == 2)
    }
}
