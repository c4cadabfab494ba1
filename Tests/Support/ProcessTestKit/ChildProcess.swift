package import Glibc

/// Why a process could not be started.
package struct SpawnError: Error, CustomStringConvertible {
    package var description: String
}

/// A process of a test: gets nothing of ours but its standard streams.
///
/// Foundation's `Process` reads the list of open files while other threads change it, and crashes now and then.
package final class ChildProcess: Sendable {
    /// More than the tests of one process have open at once.
    private static let maxDescriptors: CInt = 1_024

    package let id: pid_t

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: its path.
    ///   - environment: ours if none is given.
    ///   - output: file that standard output is appended to; the same for `errors`.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, output: String, errors: String
    ) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // Or the child keeps listeners of this process open after their tests closed them, and they answer nobody.
        // What is not open is passed over.
        for descriptor in 3..<min(Self.maxDescriptors, CInt(clamping: sysconf(CInt(_SC_OPEN_MAX)))) {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        let appending = O_CREAT | O_WRONLY | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, appending, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, appending, 0o600)
        var started: pid_t = 0
        let variables = environment.map { $0.map { "\($0.key)=\($0.value)" } } ?? Self.ownEnvironment
        let code = unsafe Self.withPointers([program] + arguments) { arguments in
            unsafe Self.withPointers(variables) { variables in
                unsafe posix_spawn(&started, program, &actions, nil, arguments, variables)
            }
        }
        guard code == 0 else { throw SpawnError(description: "\(program) cannot be started: errno \(code)") }
        id = started
    }

    package func signal(_ signal: Int32) {
        kill(id, signal)
    }

    /// Whether it has not ended. Not to be asked after `wait`.
    package var isRunning: Bool {
        var information = unsafe siginfo_t()
        // The exit code stays where `wait` finds it.
        let code = unsafe waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT)
        return unsafe code == 0 && information.si_signo == 0
    }

    /// Waits for the end; holds the thread. Call it once.
    ///
    /// - Returns: the exit code, or 128 and the signal that ended the process.
    @discardableResult
    package func wait() -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }

    private static var ownEnvironment: [String] {
        var variables: [String] = []
        var next = unsafe environ
        while let text = unsafe next.pointee {
            unsafe variables.append(String(cString: text))
            unsafe next += 1
        }
        return variables
    }

    private static func withPointers<Result>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = unsafe texts.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(&pointers)
    }
}
