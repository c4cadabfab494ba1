/// Steps of something that takes a while: on a terminal one line that is drawn anew until its step is done,
/// elsewhere a line for each change.
struct ProgressLines {
    private let output: TextOutput
    private var shown = ""

    init(_ output: TextOutput) {
        self.output = output
    }

    /// Shows how the present step is doing.
    mutating func update(_ step: String) throws(CommandFailure) {
        let text = step.printable
        guard text != shown else { return }
        if output.isTerminal {
            try output.write("\r" + text.padded(to: shown.count))
        } else {
            try output.write(line: text)
        }
        shown = text
    }

    /// Ends the present step.
    mutating func done(_ step: String) throws(CommandFailure) {
        let text = step.printable
        guard output.isTerminal else {
            if text != shown { try output.write(line: text) }
            shown = ""
            return
        }
        try output.write("\r" + text.padded(to: shown.count) + "\n")
        shown = ""
    }

    /// Takes the present step off the terminal.
    mutating func clear() throws(CommandFailure) {
        if output.isTerminal, !shown.isEmpty {
            try output.write("\r" + String(repeating: " ", count: shown.count) + "\r")
        }
        shown = ""
    }
}
