import ConfigCore
import DocumentCore
import Logging
import Testing

@testable import hawser

@Suite("The agent's log")
struct AgentLogTests {
    private func lines(
        level: AgentConfiguration.LogLevel = .trace, isJSON: Bool = false, _ body: (Logger) -> Void
    ) -> [String] {
        let written = Recorder()
        body(
            Logger(label: "agent") {
                AgentLog(label: $0, level: level, isJSON: isJSON, output: written.output())
            })
        return written.text.split(separator: "\n").map(String.init)
    }

    /// Without the time in front.
    private func texts(_ body: (Logger) -> Void) -> [String] {
        lines { body($0) }.map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" }
    }

    @Test func aLineForPeople() {
        let lines = texts { logger in
            logger.info("up", metadata: ["node": "n1", "address": "1.2.3.4:5"])
            logger.notice("noted")
            logger.warning("look", metadata: ["why": "two words", "empty": ""])
            logger.critical("gone")
        }
        #expect(
            lines == [
                "[INFO] agent: up: address=1.2.3.4:5 node=n1", "[INFO] agent: noted",
                #"[WARN] agent: look: empty="" why="two words""#, "[ERROR] agent: gone",
            ])
    }

    @Test func aPeersWordsCannotForgeALine() {
        let lines = lines { $0.error("one\nforged", metadata: ["a": "x\ny", "b": "\u{1B}[2J"]) }
        #expect(lines.count == 2)
        #expect(lines.last == "    forged: a=x\u{FFFD}y b=\u{FFFD}[2J")
    }

    @Test func anObjectForPrograms() throws {
        let lines = lines(isJSON: true) { $0.warning("two\nlines", metadata: ["peer": "dc2"]) }
        #expect(lines.count == 1)
        let object = try JSONReader.read(try #require(lines.first))
        #expect(object["@level"]?.string == "warn" && object["@message"]?.string == "two\nlines")
        #expect(object["@module"]?.string == "agent" && object["peer"]?.string == "dc2")
        #expect(object["@timestamp"]?.string?.hasSuffix("Z") == true)
    }

    @Test(arguments: [
        (AgentConfiguration.LogLevel.trace, 5), (.debug, 4), (.info, 3), (.warn, 2), (.error, 1),
    ])
    func levels(level: AgentConfiguration.LogLevel, count: Int) {
        let lines = lines(level: level) { logger in
            logger.trace("t")
            logger.debug("d")
            logger.info("i")
            logger.warning("w")
            logger.error("e")
        }
        #expect(lines.count == count)
    }
}
