import Foundation
import HawserTestKit
import Testing

/// Two daemons that change, lose their connections and fail to store: when all is quiet, each has what the other
/// exports to it, and its replication log says how that came about.
@Suite("What is imported is what is exported", .serialized)
struct ReplicationPropertyTests {
    /// Steps of all seeds together. HAWSER_REPLICATION_STEPS=50000 runs more, for some minutes.
    private static let steps =
        ProcessInfo.processInfo.environment["HAWSER_REPLICATION_STEPS"].flatMap(Int.init) ?? 3_000
    private static let seeds: [UInt64] = (1...10).map { $0 }

    @Test(arguments: seeds)
    func bothEndsAgreeAfterCuts(seed: UInt64) async throws {
        let world = try await ReplicationWorld(seed: seed)
        for step in 0..<(Self.steps / Self.seeds.count) {
            guard let problem = try await world.step() else { continue }
            Issue.record("seed \(seed), step \(step): \(problem)")
            break
        }
        if let problem = try await world.settle() { Issue.record("seed \(seed), at the end: \(problem)") }
        await world.close()
    }
}
