package import NIOCore

/// Which end of the connection a session is.
package enum HTTP2Role: Sendable, Equatable {
    case client
    case server
}

/// What this end announces in its first SETTINGS frame, and how much it keeps. Sizes are bytes.
package struct HTTP2Configuration: Sendable, Equatable {
    /// SETTINGS_MAX_CONCURRENT_STREAMS, sent by servers only. 2048 is what the peering protocol names (section 4.10).
    package var maxConcurrentStreams: UInt32 = 2048
    /// SETTINGS_MAX_HEADER_LIST_SIZE. Calls carry a handful of short fields; a larger block resets its stream.
    package var maxHeaderListBytes: UInt32 = 16 * 1024
    /// SETTINGS_INITIAL_WINDOW_SIZE: what a peer may send on one stream ahead of its reader. 4 MiB keeps one
    /// long-lived stream busy at 1 Gbit/s over 30 ms.
    package var streamWindowBytes: UInt32 = 4 * 1024 * 1024
    /// The window of the whole connection, which bounds what all streams together buffer unread.
    package var connectionWindowBytes: UInt32 = 8 * 1024 * 1024
    /// SETTINGS_MAX_FRAME_SIZE. The smallest legal value: a large frame would delay the small ones behind it.
    package var maxFrameBytes: UInt32 = 16 * 1024
    package var limits = HTTP2Limits()

    package init() {}
}

/// Bounds on what a peer may do without doing anything useful. Counts are per `window`; one more than a limit
/// ends the connection with ENHANCE_YOUR_CALM.
package struct HTTP2Limits: Sendable, Equatable {
    /// Length of the window in which events are counted.
    package var window: TimeAmount = .seconds(10)
    /// RST_STREAM for streams that still ran: a client that opens and resets makes us work for nothing.
    package var maxStreamResets = 200
    /// DATA frames without a byte and without END_STREAM.
    package var maxEmptyDataFrames = 500
    /// SETTINGS frames after the first. Peers send one or two in a lifetime.
    package var maxSettingsFrames = 32
    /// PRIORITY frames, which this end ignores.
    package var maxPriorityFrames = 2_000
    /// PING frames while this end sent nothing; those of a bandwidth probe follow data and are not counted.
    package var maxIdlePings = 100
    /// WINDOW_UPDATE frames that came while this end sent nothing that could have caused them.
    package var maxIdleWindowUpdates = 2_000
    /// Frames that broke a rule without breaking the connection, and resets that they caused.
    package var maxInvalidFrames = 100
    /// Answers (to PING and SETTINGS) that may wait for a peer which does not read.
    package var maxOutboundAcknowledgements = 1_000
    /// Entries in one SETTINGS frame.
    package var maxSettingsEntries = 32

    package init() {}
}
