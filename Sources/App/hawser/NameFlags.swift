import ArgumentParser
import DocumentCore

/// Refuses the value of a flag that names something and is no name, before the daemon is asked.
///
/// - Throws: `ValidationError`, with a sentence that begins with the flag.
func requireNames(_ flags: (flag: String, name: String?)...) throws {
    for (flag, name) in flags {
        if let name, let problem = NameRule.problem(of: name) { throw ValidationError("\(flag) \(problem)") }
    }
}
