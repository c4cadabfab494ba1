import ArgumentParser
import ConfigCore
import DocumentCore

/// `-yes`: what a change of exports asks for when a peer would lose much of what it sees.
struct WithdrawalConsent: ParsableArguments {
    @Flag(
        name: .customLong("yes"),
        help: "Also if a peer loses more of the services that it sees than the daemon's limit.")
    var isGiven = false

    /// Ends the command if consent is needed and was not given. A daemon that cannot plan, such as Consul's, asks nothing.
    ///
    /// - Parameter entry: the exported-services entry as it shall be.
    func check(_ entry: ConfigEntry, _ client: DaemonClient) async throws(CommandFailure) {
        if isGiven { return }
        let answer: Document
        do throws(ClientError) {
            answer = try await client.exportPlan(with: entry)
        } catch {
            return
        }
        let plan = ExportPlanView(answer)
        let losers = plan.peers.filter(\.isOverLimit)
        guard !losers.isEmpty else { return }
        throw CommandFailure(
            losers.map { "\(ExportPlanText.loss(of: $0))\n" }.joined()
                + "Nothing was changed. More than \(plan.withdrawLimit)% at once needs -yes; "
                + "`hawser exports plan` shows all of it.")
    }
}
