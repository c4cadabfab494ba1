import NIOCore

/// The counters behind `HTTP2Limits`. A value; remembers the first limit that was crossed.
struct FloodGuard {
    private let window: TimeAmount
    private var resets: GlitchCounter
    private var emptyData: GlitchCounter
    private var settings: GlitchCounter
    private var priorities: GlitchCounter
    private var pings: GlitchCounter
    private var windowUpdates: GlitchCounter
    private var invalid: GlitchCounter
    /// What there was too much of; the connection ends.
    private(set) var crossed: String?

    init(_ limits: HTTP2Limits) {
        window = limits.window
        resets = GlitchCounter(limit: limits.maxStreamResets, window: window)
        emptyData = GlitchCounter(limit: limits.maxEmptyDataFrames, window: window)
        settings = GlitchCounter(limit: limits.maxSettingsFrames, window: window)
        priorities = GlitchCounter(limit: limits.maxPriorityFrames, window: window)
        pings = GlitchCounter(limit: limits.maxIdlePings, window: window)
        windowUpdates = GlitchCounter(limit: limits.maxIdleWindowUpdates, window: window)
        invalid = GlitchCounter(limit: limits.maxInvalidFrames, window: window)
    }

    private mutating func note(_ isOver: Bool, _ what: String) {
        if isOver, crossed == nil { crossed = what }
    }

    mutating func streamReset(now: NIODeadline) { note(resets.record(now: now), "stream resets") }
    mutating func emptyDataFrame(now: NIODeadline) { note(emptyData.record(now: now), "empty DATA frames") }
    mutating func settingsFrame(now: NIODeadline) { note(settings.record(now: now), "SETTINGS frames") }
    mutating func priority(now: NIODeadline) { note(priorities.record(now: now), "PRIORITY frames") }
    mutating func ping(now: NIODeadline) { note(pings.record(now: now), "PING frames") }
    mutating func windowUpdate(now: NIODeadline) { note(windowUpdates.record(now: now), "WINDOW_UPDATE frames") }
    mutating func invalidFrame(now: NIODeadline) { note(invalid.record(now: now), "invalid frames") }

    /// DATA or HEADERS went out: PINGs and window updates that follow may be their consequence.
    mutating func sentSomething() {
        pings.reset()
        windowUpdates.reset()
    }
}
