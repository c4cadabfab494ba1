/// What a command sees of the process that it runs in: its environment and its outputs. Tests run commands in
/// surroundings of their own.
struct Surroundings: Sendable {
    var environment: @Sendable (String) -> String?
    var output: TextOutput
    var error: TextOutput

    @TaskLocal static var current = Surroundings.process

    /// Those of this process.
    static let process = Surroundings(
        environment: SystemFiles.environment, output: .file(descriptor: 1), error: .file(descriptor: 2))
}

/// Why a command ends without success: one sentence for people, and the exit code for scripts.
struct CommandFailure: Error, Hashable {
    /// Empty if all has been said, or nobody is left to tell.
    var sentence: String
    var exitCode: Int32

    init(_ sentence: String, exitCode: Int32 = 1) {
        self.sentence = sentence
        self.exitCode = exitCode
    }

    /// Whoever read our output has seen enough.
    static let outputClosed = CommandFailure("", exitCode: 0)
}
