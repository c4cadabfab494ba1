import CatalogService
import HTTPService
import IdentityCore

/// What a reload takes in: the configuration files, and those that HTTPS is served with. If either cannot be used,
/// nothing changes.
struct AgentReload: ReloadOperation {
    let catalog: FileCatalog
    let certificates: HTTPSCertificates?

    func reload() async throws(Refusal) -> [String] {
        let reading = try await certificates?.read()
        let lines = try await catalog.reload()
        guard let certificates, let reading else { return lines }
        certificates.install(reading)
        return lines + reading.warnings.map { "warning: \($0)" }
    }
}
