/// Where text goes: a file descriptor, or a closure of a test. Every write is complete before the call returns, so
/// that a line is on its way the moment it is known.
struct TextOutput: Sendable {
    /// Whether somebody looks at a terminal: lines may be drawn over each other.
    var isTerminal: Bool
    private let writer: @Sendable ([UInt8]) throws(CommandFailure) -> Void

    init(isTerminal: Bool, writer: @escaping @Sendable ([UInt8]) throws(CommandFailure) -> Void) {
        self.isTerminal = isTerminal
        self.writer = writer
    }

    static func file(descriptor: Int32) -> TextOutput {
        TextOutput(isTerminal: SystemFiles.isTerminal(descriptor)) { bytes throws(CommandFailure) in
            try SystemFiles.write(bytes, to: descriptor)
        }
    }

    func write(_ text: String) throws(CommandFailure) {
        try writer(Array(text.utf8))
    }

    func write(line: String) throws(CommandFailure) {
        try write(line + "\n")
    }

    /// For last words: if they cannot be written there is nothing left to do.
    func tryWrite(_ text: String) {
        do { try write(text) } catch {}
    }
}
