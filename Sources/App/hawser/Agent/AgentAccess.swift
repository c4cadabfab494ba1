import ACLCore
import ACLService
import ConfigCore
import IdentityCore
import Logging
import StateCore

/// Who may do what over the agent's HTTP API, out of its settings.
enum AgentAccess {
    /// - Returns: what decides, once the management token that the configuration names is there.
    static func control(
        _ settings: ACLSettings, _ store: StateStore, datacenter: String, dataDirectory: String?, expiries: SeenExpiries
    ) async throws(Refusal) -> AccessControl {
        let isEnabled = settings.isEnabled ?? false
        let control = AccessControl(
            isEnabled: isEnabled, defaultAccess: settings.defaultPolicy ?? .allow,
            defaultToken: settings.defaultToken, store: store, datacenter: datacenter,
            resetFile: dataDirectory.map(BootstrapResetFile.init), expiries: expiries, now: WallClock.now)
        if isEnabled, let secret = settings.initialManagement {
            try await TokenOffice(control).ensureInitialManagement(secret)
        }
        return control
    }

    /// - Parameter path: nil for the daemon's own log.
    /// - Throws: `failed` if the file cannot be written.
    static func audit(path: String?, logger: Logger) throws(Refusal) -> AuditLog {
        AuditLog(
            to: try path.map { path throws(Refusal) in .file(try AuditFile(path: path)) } ?? .log, logger: logger,
            now: WallClock.now)
    }
}
