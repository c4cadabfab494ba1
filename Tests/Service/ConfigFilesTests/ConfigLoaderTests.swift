import CatalogCore
import ConfigCore
import ConfigFiles
import DocumentCore
import FoundationEssentials
import Testing

@Suite struct ConfigLoaderTests {
    /// A directory of its own, removed when the test is done.
    final class Folder {
        let path = FileManager.default.temporaryDirectory.path() + "hawser-config-\(UUID().uuidString)"

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// Writes through a new file that replaces the old one, as editors and Kubernetes do.
        func write(_ name: String, _ text: String) throws {
            let fresh = "\(path)/.\(UUID().uuidString)"
            try text.write(toFile: fresh, atomically: false, encoding: .utf8)
            if FileManager.default.fileExists(atPath: "\(path)/\(name)") { try remove(name) }
            try FileManager.default.moveItem(atPath: fresh, toPath: "\(path)/\(name)")
        }

        func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

        /// An error's text without the folder.
        func shown(_ problems: [DocumentProblem]) -> [String] {
            problems.map { $0.description.replacing(path + "/", with: "").replacing(path, with: "DIR") }
        }
    }

    private func problems(_ loader: inout ConfigLoader, _ folder: Folder) -> [String] {
        do {
            _ = try loader.load()
            return []
        } catch {
            return folder.shown(error.problems)
        }
    }

    @Test func readsADirectoryInOrder() throws {
        let folder = try Folder()
        try folder.write("b.yaml", "datacenter: two\nservice:\n  name: web\n---\nKind: mesh\n")
        try folder.write("a.json", #"{"datacenter":"one","node_name":"n","retry_join":[],"services":[{"name":"api"}]}"#)
        try folder.write("c.yml", "Kind: service-defaults\nName: web\nProtocol: http\n")
        try folder.write("d.hcl", "x = 1")
        for name in [".hidden.json", "notes.txt", "d.json~", "#e.json#", "f.json.swp"] { try folder.write(name, "{{{") }
        try FileManager.default.createDirectory(atPath: "\(folder.path)/sub.json", withIntermediateDirectories: false)
        var loader = ConfigLoader([.directory(folder.path), .file("\(folder.path)/a.json")])
        let loaded = try loader.load()
        #expect(loaded.agent.datacenter == "two" && loaded.agent.nodeName == "n")
        #expect(loaded.registrations.map(\.value.service.id) == ["api", "web"])
        #expect(loaded.registrations[1].source == "\(folder.path)/b.yaml:3:3")
        #expect(loaded.entries.map { "\($0.value.key)" } == ["mesh/mesh", "service-defaults/web"])
        #expect(
            folder.shown(loaded.warnings) == [
                "a.json:1:37: retry_join: is not used by hawser", "d.hcl:1:1: x: is not used by hawser",
            ])
        #expect(loader.parsedCount == 4)
        #expect(loaded.difference.registrations.added.count == 2 && loaded.difference.entries.added.count == 2)
    }

    @Test func tellsEntriesFromAgentFiles() throws {
        let folder = try Folder()
        let exported = "[{name: web, consumers: [{peer: b}]}]"
        try folder.write("entry.yaml", "kind: exported-services\nname: default\nservices: \(exported)\n")
        try folder.write("agent.yaml", "kind: cluster\nservices: [{name: web}]\n")
        var loader = ConfigLoader([.directory(folder.path)])
        let loaded = try loader.load()
        #expect(loaded.entries.map { "\($0.value.key)" } == ["exported-services/default"])
        #expect(loaded.registrations.map(\.value.service.id) == ["web"])
        #expect(folder.shown(loaded.warnings) == ["agent.yaml:1:1: kind: is not used by hawser"])
        try folder.write("typo.yaml", "kind: exported-service\nname: default\n")
        #expect(
            problems(&loader, folder) == [
                "typo.yaml:1:7: kind: unknown kind `exported-service`; did you mean `exported-services`?"
            ])
    }

    @Test func reloadsOnlyWhatChanged() throws {
        let folder = try Folder()
        for index in 0..<20 {
            try folder.write("s\(index).json", #"{"service":{"name":"s\#(index)","port":1}}"#)
        }
        try folder.write("mesh.yaml", "Kind: mesh\n")
        var loader = ConfigLoader([.directory(folder.path)])
        _ = try loader.load()
        #expect(loader.parsedCount == 21)
        #expect(try loader.load().difference.isEmpty)
        #expect(loader.parsedCount == 0)

        try folder.write("s3.json", #"{"service":{"name":"s3","port":2}}"#)
        try folder.write("new.json", #"{"services":[{"name":"n1"},{"name":"n2"}]}"#)
        try folder.remove("s4.json")
        try folder.remove("mesh.yaml")
        let difference = try loader.load().difference
        #expect(loader.parsedCount == 2)
        #expect(difference.registrations.changed.map(\.value.service.id) == ["s3"])
        #expect(difference.registrations.added.map(\.value.service.id) == ["n1", "n2"])
        #expect(difference.registrations.removed == ["s4"])
        #expect(difference.entries.removed == [ConfigEntryKey(kind: .mesh, name: "mesh")])
        #expect(difference.entries.added.isEmpty && difference.entries.changed.isEmpty)
    }

    @Test func movingADefinitionIsNoChange() throws {
        let folder = try Folder()
        try folder.write("a.json", #"{"services":[{"name":"x"},{"name":"y"}]}"#)
        try folder.write("b.json", #"{"service":{"name":"z"}}"#)
        var loader = ConfigLoader([.directory(folder.path)])
        _ = try loader.load()
        try folder.write("a.json", "{\n\"service\":{\"name\":\"y\"}}")
        try folder.write("b.json", #"{"services":[{"name":"x"},{"name":"z"}]}"#)
        let loaded = try loader.load()
        #expect(loaded.difference.isEmpty)
        #expect(loaded.difference.registrations.moved.map(\.source).first == "\(folder.path)/a.json:2:11")
        #expect(loaded.registrations.map(\.value.service.id) == ["y", "x", "z"])
        // The new owner counts: taking x out of b removes it.
        try folder.write("b.json", #"{"service":{"name":"z"}}"#)
        #expect(try loader.load().difference.registrations.removed == ["x"])
    }

    @Test func anErrorAppliesNothingAndIsNotReadAgain() throws {
        let folder = try Folder()
        try folder.write("a.json", #"{"service":{"name":"x","port":1}}"#)
        try folder.write("b.json", #"{"service":{"name":"y"}}"#)
        var loader = ConfigLoader([.directory(folder.path)])
        _ = try loader.load()
        try folder.write("a.json", #"{"service":{"name":"x","port":2}}"#)
        try folder.write("b.json", "{\n \"service\":{\"nam\":\"y\"},")
        try folder.write("c.yaml", "Kind: mesh\nPeeering: {}\n")
        let expected = [
            "b.json:2:24: the text ends in the middle of a value",
            "c.yaml:2:1: Peeering: unknown key `Peeering`; did you mean `Peering`?",
        ]
        #expect(problems(&loader, folder) == expected)
        #expect(loader.parsedCount == 3)
        #expect(problems(&loader, folder) == expected)
        #expect(loader.parsedCount == 0)
        // Once all is well, the difference is that to the last good load.
        try folder.write("b.json", #"{"service":{"name":"y"}}"#)
        try folder.write("c.yaml", "Kind: mesh\n")
        let difference = try loader.load().difference
        #expect(loader.parsedCount == 2)
        #expect(difference.registrations.changed.map(\.value.service.id) == ["x"])
        #expect(difference.registrations.added.isEmpty && difference.registrations.removed.isEmpty)
        #expect(difference.entries.added.map { "\($0.value.key)" } == ["mesh/mesh"])
    }

    @Test func refusesDoubleKeysAcrossFiles() throws {
        let folder = try Folder()
        try folder.write("a.json", #"{"services":[{"name":"x"},{"name":"x-sidecar-proxy"}]}"#)
        try folder.write("b.yaml", "service:\n  name: x\n  connect: {sidecar_service: {}}\n---\nKind: mesh\n")
        try folder.write("c.yaml", "Kind: mesh\n")
        var loader = ConfigLoader([.directory(folder.path)])
        let expected = [
            "b.yaml:2:3: the service ID \"x\" is already defined at a.json:1:14",
            "b.yaml:2:3: the service ID \"x-sidecar-proxy\" is already defined at a.json:1:27",
            "c.yaml:1:1: the config entry \"mesh/mesh\" is already defined at b.yaml:5:1",
        ]
        #expect(problems(&loader, folder) == expected)
        #expect(problems(&loader, folder) == expected)
        try folder.remove("a.json")
        try folder.remove("c.yaml")
        #expect(try loader.load().registrations.count == 2)
        // A double key that only a later load brings names the file that was there.
        try folder.write("d.json", #"{"service":{"name":"x"}}"#)
        #expect(problems(&loader, folder) == ["d.json:1:12: the service ID \"x\" is already defined at b.yaml:2:3"])
        try folder.remove("b.yaml")
        let difference = try loader.load().difference
        #expect(difference.registrations.removed == ["x-sidecar-proxy"])
        #expect(difference.registrations.added.isEmpty && difference.registrations.changed.isEmpty)
    }

    @Test func namesWhatCannotBeRead() throws {
        let folder = try Folder()
        try folder.write("x.toml", "")
        try folder.write("big.json", "{\"node_name\": \"abc\"}")
        let path = folder.path
        var loader = ConfigLoader([
            .file("\(path)/none.json"), .directory("\(path)/nowhere"), .file("\(path)/x.toml"),
        ])
        let found = problems(&loader, folder)
        #expect(found.count == 3)
        #expect(found.first == "none.json: cannot be read: No such file or directory")
        #expect(found.dropFirst().first?.hasPrefix("nowhere: the directory cannot be listed") == true)
        #expect(found.last == "x.toml: the name of a file must end in .hcl, .json, .yaml or .yml")
        var bounded = ConfigLoader([.file("\(path)/big.json")], limits: ConfigLimits(maxFileBytes: 10))
        #expect(problems(&bounded, folder) == ["big.json: has more than 10 bytes, which is the limit of a file"])
        var few = ConfigLoader([.directory(path)], limits: ConfigLimits(maxFiles: 0))
        #expect(problems(&few, folder) == ["there are 1 configuration files, and at most 0 are read"])
        var directory = ConfigLoader([.file(path + "/d.json")])
        try FileManager.default.createDirectory(atPath: path + "/d.json", withIntermediateDirectories: false)
        #expect(problems(&directory, folder) == ["d.json: is a directory: name it with -config-dir"])
    }

    @Test func readsSingleFiles() throws {
        let folder = try Folder()
        try folder.write("two.yaml", "Kind: mesh\n---\nKind: proxy-defaults\n")
        try folder.write("entry.txt", " {\"Kind\":\"mesh\"}")
        #expect(
            try ConfigFile.readDocuments("\(folder.path)/two.yaml").map { $0["Kind"]?.string } == [
                "mesh", "proxy-defaults",
            ])
        #expect(try ConfigFile.readDocuments("\(folder.path)/entry.txt").map { $0["Kind"]?.position.column } == [10])
        do {
            try folder.write("bad.json", "[")
            _ = try ConfigFile.readDocuments("\(folder.path)/bad.json")
            Issue.record("nothing was thrown")
        } catch let error as DocumentProblems {
            #expect(folder.shown(error.problems) == ["bad.json:1:2: the text ends in the middle of a value"])
        }
    }
}
