import ConfigCore
import DocumentCore
import Testing

@Suite struct DoorSettingsTests {
    private func read(_ text: String) throws -> (doors: DoorSettings, problems: [String], warnings: [String]) {
        let collector = ProblemCollector()
        let contents = ConfigContents.decode(try JSONReader.read(text), into: collector)
        return (
            contents.agent.doors, collector.problems.map(\.description), collector.warnings.map(\.description)
        )
    }

    @Test func consulsKeysAreRead() throws {
        let (doors, problems, warnings) = try read(
            #"""
            {"ports":{"https":8501},"addresses":{"http":"unix:///run/h.sock","https":"10.0.0.1"},
            "tls":{"defaults":{"ca_file":"/ca","verify_incoming":true,"tls_min_version":"TLSv1_2"},
            "https":{"cert_file":"/c","key_file":"/k","verify_incoming":false,"tls_min_version":"TLSv1_3"}},
            "unix_sockets":{"user":"hawser","group":"1000","mode":"0660"}}
            """#)
        #expect(problems.isEmpty && warnings.isEmpty)
        #expect(doors.httpsPort == 8501)
        #expect(doors.httpAddresses == "unix:///run/h.sock" && doors.httpsAddresses == "10.0.0.1")
        #expect(doors.https.certificateFile == "/c" && doors.https.keyFile == "/k" && doors.https.caFile == "/ca")
        #expect(doors.https.verifiesIncoming == false && doors.https.minVersion == .tls13)
        #expect(doors.unixSockets.user == "hawser" && doors.unixSockets.group == "1000")
        #expect(doors.unixSockets.mode == 0o660)
    }

    @Test func olderKeysStandUnderTheNewOnes() throws {
        let older = #""cert_file":"/old","key_file":"/oldkey","verify_incoming":false,"verify_incoming_https":true"#
        let alone = try read("{\(older)}").doors.https
        #expect(alone.certificateFile == "/old" && alone.keyFile == "/oldkey" && alone.verifiesIncoming == true)
        let both = try read(#"{\#(older),"tls":{"https":{"cert_file":"/new","verify_incoming":false}}}"#).doors.https
        #expect(both.certificateFile == "/new" && both.keyFile == "/oldkey" && both.verifiesIncoming == false)
    }

    @Test func laterFilesWin() throws {
        var first = AgentConfiguration()
        first.doors = try read(#"{"tls":{"https":{"cert_file":"/a","key_file":"/b"}},"ports":{"https":1}}"#).doors
        var second = AgentConfiguration()
        second.doors = try read(#"{"tls":{"https":{"cert_file":"/c"}},"unix_sockets":{"mode":"600"}}"#).doors
        let doors = try first.merging(second).resolved(hostName: "h").doors
        #expect(doors.https.certificateFile == "/c" && doors.https.keyFile == "/b" && doors.httpsPort == 1)
        #expect(doors.unixSockets.mode == 0o600)
    }

    @Test(arguments: [
        (#"{"tls":{"https":{"tls_min_version":"TLSv1_0"}}}"#, "must be TLSv1_2 or TLSv1_3"),
        (#"{"tls_min_version":"tls11"}"#, "must be TLSv1_2 or TLSv1_3"),
        (#"{"unix_sockets":{"mode":"rw"}}"#, "must be permissions in octal"),
        (#"{"unix_sockets":{"mode":"7777"}}"#, "must be permissions in octal"),
        (#"{"ports":{"https":70000}}"#, "ports.https"),
    ])
    func wrongValuesAreNamed(text: String, problem: String) throws {
        let problems = try read(text).problems
        #expect(problems.count == 1 && problems.first?.contains(problem) == true, "\(problems)")
    }
}
