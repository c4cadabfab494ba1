package import CatalogCore
package import HealthCore
package import NIOCore
import PeeringCore

/// Runs checks: asks what a plan says, and tells what came of it. Never fails: whatever goes wrong is a result.
package struct Prober: Sendable {
    let group: any EventLoopGroup
    let security = ProbeSecurity()

    package init(group: any EventLoopGroup) {
        self.group = group
    }

    /// One run. Cancelling the task ends it, and then its result means nothing.
    package func run(_ plan: CheckPlan) async -> ProbeOutcome {
        switch plan.probe {
        case .tcp(let address, let tls):
            await asking("tcp", address) { await askTCP($0, tls: tls, within: plan.timeout) }
        case .udp(let address):
            await asking("udp", address) { await askUDP($0, within: plan.timeout) }
        case .h2ping(let address, let tls):
            await asking("tcp", address) { await askH2Ping($0, tls: tls, within: plan.timeout) }
        case .grpc(let address, let service, let tls):
            await asking("tcp", address) {
                await askGRPC($0, service: service, tls: tls, within: plan.timeout)
            }
        case .http(let request):
            await askHTTP(request, within: plan.timeout, maxOutputBytes: plan.maxOutputBytes)
        case .ttl, .alias:
            ProbeOutcome(.critical, "this check is not run")
        }
    }

    private func asking(
        _ network: String, _ address: String, _ ask: (HostPort) async -> ProbeOutcome
    ) async -> ProbeOutcome {
        guard let target = HostPort(address) else {
            return ProbeOutcome(.critical, "dial \(network): \"\(address)\" is not a host with a port from 1 to 65535")
        }
        return await ask(target)
    }
}
