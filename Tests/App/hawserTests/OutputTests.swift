import DocumentCore
import HawserTestKit
import Synchronization
import Testing

@testable import hawser

@Suite("What commands print")
struct OutputTests {
    @Test func columnsAreAsWideAsTheirWidestCell() {
        let table = Table.render([["Name", "State", "Meta"], ["a-long-name", "UP", ""], ["b", "PENDING", "k=v"]])
        #expect(
            table == """
                Name         State    Meta
                a-long-name  UP
                b            PENDING  k=v

                """)
    }

    @Test func aPeersWordsCannotCommandTheTerminal() {
        #expect(Table.render([["a\u{1B}[2J", "é"]]) == "a\u{FFFD}[2J  é\n")
        #expect("a\u{07}\nb\u{9B}".printableLines == "a\u{FFFD}\nb\u{FFFD}")
    }

    @Test func theListOfPeerings() {
        #expect(PeeringText.list([]) == "There are no peering connections.\n")
        var first = PeeringView()
        first.name = "b"
        first.state = "ACTIVE"
        first.importedServices = ["x", "y"]
        first.meta = ["z": "1", "a": "2"]
        var second = PeeringView()
        second.name = "a"
        second.state = "PENDING"
        #expect(
            PeeringText.list([first, second]) == """
                Name  State    Imported Svcs  Exported Svcs  Meta
                a     PENDING  0              0
                b     ACTIVE   2              0              a=2,z=1

                """)
    }

    @Test func aDialersPeeringAsConsulPrintsIt() throws {
        let view = PeeringView(try Fixtures.json("consul/json/peering.dc2.3-after-heartbeat.json"))
        #expect(
            PeeringText.read(view) == """
                Name:         dc1
                ID:           d729988f-f74a-05fb-7f30-a6e5ca684f9f
                State:        ACTIVE

                Peer ID:               043a4238-4005-1a18-9561-f724319a6ced
                Peer Server Name:      server.dc1.peering.3e3da7e3-5610-c97d-ed10-16bf0c04b85d.consul
                Peer CA Pems:          1
                Peer Server Addresses:
                    127.0.0.1:21503
                Imported Services: 1
                Exported Services: 0

                Last Heartbeat:    2026-11-20 21:21:19.040737441 +0000 UTC
                Last Send:         2026-11-20 21:21:04.04311367 +0000 UTC
                Last Receive:      2026-11-20 21:21:19.040737441 +0000 UTC

                Create Index: 18
                Modify Index: 21


                """)
    }

    @Test func aPendingPeeringAsConsulPrintsIt() throws {
        let view = PeeringView(try Fixtures.json("consul/json/peering.dc1.1-pending.json"))
        // Consul's own text pads the empty values with blanks up to the value's column.
        let lines = PeeringText.read(view).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[2...6] == ["State:        PENDING", "Meta:", "    k=v", "", "Peer ID:               "])
        #expect(lines[8...11] == ["Peer CA Pems:          0", "", "Imported Services: 0", "Exported Services: 0"])
        #expect(lines[13] == "Last Heartbeat:    <nil>")
    }

    @Test func severalAddressesStandOnLinesOfTheirOwn() {
        var view = PeeringView()
        view.serverAddresses = ["a:1", "b:2"]
        #expect(PeeringText.read(view).contains("Peer Server Addresses:\n    a:1\n    b:2\nImported Services: 0\n"))
    }

    private static let events: [(json: String, text: String)] = [
        (
            #"{"number":2,"time":"2026-11-20T21:21:19.04Z","peer":"dc1","direction":"imported","what":"service","#
                + #""name":"web","change":"updated","old":2,"new":3}"#,
            "      2  2026-11-20 21:21:19.040  dc1           imported  service           web                       "
                + "updated  2 -> 3 instances"
        ),
        (
            #"{"number":1234567,"time":"2026-11-20T21:21:19Z","peer":"dc1","direction":"exported","#
                + #""what":"trust-bundle","name":"","change":"created","old":0,"new":1}"#,
            "1234567  2026-11-20 21:21:19.000  dc1           exported  trust-bundle                                "
                + "created  1 root"
        ),
        (
            #"{"number":3,"time":"2026-11-20T21:21:19Z","peer":"dc1","direction":"imported","what":"service","#
                + #""name":"web","change":"removed","old":2,"new":0}"#,
            "      3  2026-11-20 21:21:19.000  dc1           imported  service           web                       "
                + "removed  2 instances"
        ),
        (
            #"{"number":4,"time":"2026-11-20T21:21:19Z","peer":"dc1","direction":"imported","what":"service","#
                + #""name":"web","change":"updated","old":1,"new":1,"fields":[{"path":"n/web-1/Port","old":"80","#
                + #""new":"81"},{"path":"n/web-1/Tags","new":"\u001b[2J"},{"path":"n/web-1/Meta.a","old":"1"},"#
                + #"{"path":"and 7 more"}]}"#,
            """
                  4  2026-11-20 21:21:19.000  dc1           imported  service           web                       \
            updated  1 instance
                     n/web-1/Port 80 -> 81
                     + n/web-1/Tags \u{FFFD}[2J
                     - n/web-1/Meta.a 1
                     and 7 more
            """
        ),
        (
            #"{"time":"2026-11-20T21:21:19Z","peer":"dc1","direction":"imported","what":"service","#
                + #""name":"web","present":true,"new":1}"#,
            "         2026-11-20 21:21:19.000  dc1           imported  service           web                       "
                + "present  1 instance"
        ),
        ("no json", "no json"),
    ]

    @Test(arguments: events)
    func watchedEvents(json: String, text: String) {
        #expect(WatchText.lines(LogLine(json)) == text)
    }

    private static let progress: [(isTerminal: Bool, text: String)] = [
        (false, "waiting\nstill\nup\n"), (true, "\rwaiting\rstill  \rup   \n"),
    ]

    @Test(arguments: progress)
    func progressIsDrawnOverOnTerminalsOnly(isTerminal: Bool, text: String) throws {
        let written = Recorder()
        var lines = ProgressLines(written.output(isTerminal: isTerminal))
        try lines.update("waiting")
        try lines.update("waiting")
        try lines.update("still")
        try lines.done("up")
        #expect(written.text == text)
    }
}

/// Keeps what is written.
final class Recorder: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

    func output(isTerminal: Bool = false) -> TextOutput {
        TextOutput(isTerminal: isTerminal) { new throws(CommandFailure) in self.bytes.withLock { $0 += new } }
    }
}
