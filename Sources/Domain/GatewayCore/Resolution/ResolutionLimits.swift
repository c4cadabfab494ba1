/// What routes may cost while their host names are looked up. A peer chooses the names of its route, so that most bounds
/// are per route: one peer can slow down only itself.
package struct ResolutionLimits: Hashable, Sendable {
    /// Lookups that run side by side in all. The system's resolver blocks, so that each one takes a thread.
    package var running = 16
    /// Lookups of one route that run side by side: a quarter, so that three peers with slow names leave room.
    package var runningPerRoute = 4
    /// Host names of one route that are looked up; the first ones count. More than the servers of any cluster, and as
    /// many as the addresses that are kept.
    package var namesPerRoute = 64
    /// Host names of all routes. If there are more, each route keeps its first ones, the same number for all, but never
    /// none. A name takes about half a kilobyte.
    package var names = 4_096
    /// Addresses that one name may stand for, so that one name cannot take the places of all others.
    package var addressesPerName = 16
    /// Addresses of one route. A connection would not try more of them in its time.
    package var addressesPerRoute = 64
    /// How long addresses count before their name is looked up again. The system's resolver does not tell the lifetime of
    /// records.
    package var lifetime: Duration = .seconds(10)
    /// The wait after a lookup that failed, which doubles with each failure in a row.
    package var firstRetry: Duration = .seconds(1)
    package var longestRetry: Duration = .seconds(60)
    /// Lookups of one route that may start at once. Further ones follow in this pace, which suffices for
    /// `namesPerRoute` once a `lifetime`. A peer that announces other names all the time gets no more.
    package var burst = 64
    package var pace: Duration = .milliseconds(125)
    /// Between two reports of one kind about one route.
    package var silence: Duration = .seconds(60)

    package init() {}
}
