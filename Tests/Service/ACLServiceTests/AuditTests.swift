import DocumentCore
import Foundation
import IdentityCore
import Logging
import PeeringCore
import Testing

@testable import ACLService

@Suite struct AuditTests {
    private func record(_ path: String, status: Int = 200, reason: String = "") -> AuditRecord {
        AuditRecord(
            time: Timestamp(seconds: 1_000_000_000), accessorID: "a-1", method: "PUT", path: path,
            remote: "127.0.0.1:40000", status: status, reason: reason)
    }

    /// Runs a log over records that are there already, until all are written.
    private func written(_ records: [AuditRecord], to path: String) async throws -> [Document] {
        let log = AuditLog(to: .file(try AuditFile(path: path)), logger: Logger(label: "test")) {
            Timestamp(seconds: 1_000_000_000)
        }
        for record in records { log.record(record) }
        log.finish()
        await log.run()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONReader.read(Array($0.utf8)) }
    }

    private func temporary() -> String { "/tmp/hawser-audit-\(UUID().uuidString)" }

    @Test func aLineSaysWhoWhatWhereAndHow() async throws {
        let path = temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = try await written(
            [record("/v1/config"), record("/v1/acl/token", status: 403, reason: "Permission denied: …")], to: path)
        try #require(lines.count == 2)
        #expect(lines[0]["accessor"]?.string == "a-1")
        #expect(lines[0]["method"]?.string == "PUT")
        #expect(lines[0]["path"]?.string == "/v1/config")
        #expect(lines[0]["remote"]?.string == "127.0.0.1:40000")
        #expect(lines[0]["outcome"]?.string == "done")
        #expect(lines[0]["time"]?.string == "2001-09-09T01:46:40Z")
        #expect(lines[1]["outcome"]?.string == "denied")
        #expect(lines[1]["reason"]?.string == "Permission denied: …")
    }

    @Test func whatDoesNotFitIsCounted() async throws {
        let path = temporary()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = try await written((0..<4_100).map { record("/v1/\($0)") }, to: path)
        try #require(lines.count == 4_097)
        #expect(lines[0]["lost"]?.content == .integer(4))
    }

    @Test func noLineGrowsBeyondABound() {
        let line = record("/" + String(repeating: "x", count: 100_000)).line
        #expect(line.utf8.count < 2_000)
    }

    @Test func aFileThatCannotBeWrittenIsToldAtTheStart() {
        #expect(throws: Refusal.self) { try AuditFile(path: "/nowhere/audit.jsonl") }
    }

    /// A device that is always full takes nothing, and says so.
    @Test func aFullDiskIsNoEnd() throws {
        let file = try AuditFile(path: "/dev/full")
        #expect(file.append("x\n") == "No space left on device")
    }

    @Test(arguments: [
        (200, AuditRecord.Outcome.done), (400, .refused), (401, .denied), (403, .denied), (404, .refused),
        (500, .failed), (503, .failed),
    ])
    func outcomes(status: Int, outcome: AuditRecord.Outcome) {
        #expect(record("/", status: status).outcome == outcome)
    }
}
