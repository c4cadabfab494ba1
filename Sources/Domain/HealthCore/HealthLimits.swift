/// Bounds and times of the checks of one agent, each with its reason.
package struct HealthLimits: Sendable {
    /// Checks that run at once; others wait their turn. Each takes a socket, most for a millisecond. With the usual
    /// timeout 64 dead targets are noticed every ten seconds before healthy ones have to wait.
    package var maxRunning = 64
    /// What stands before the output of a run: a method, a URL, a status. More is cut.
    package var outputPrefixBytes = 1_024
    /// How long news of the output alone may wait, on the average: a page that tells the time would else be a change
    /// of the catalog at every run (Consul's `check_update_interval`).
    package var outputInterval = Duration.seconds(300)
    /// Between attempts to deregister a service that stays.
    package var reapInterval = Duration.seconds(30)
    /// How often one event may look at the same alias: aliases in a ring have no answer.
    package var maxAliasLooks = 2

    package init() {}
}
