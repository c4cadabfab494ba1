/// One thing that is wrong in a document, at its place.
package struct DocumentProblem: Error, Hashable, Sendable {
    /// What is wrong, for programs. The HTTP API answers 400 for what could not be decoded and 500 for `invalid`,
    /// as Consul does.
    package enum Code: String, Sendable {
        /// The text is no document, or the file cannot be read.
        case unreadable
        case unknownKey
        case wrongType
        case outOfRange
        case missing
        case duplicate
        /// It was understood, and a rule forbids it.
        case invalid
    }

    package var code: Code
    /// Nil for bodies of requests and stored rows.
    package var file: String?
    package var position: DocumentPosition
    /// `services[2].checks[0].interval`, in the spelling of the document; empty for the document itself.
    package var path: String
    /// One sentence that says what is wrong and, if it can be told, what to do. It is for operators.
    package var message: String
    /// What Consul says instead, for the clients of its API that match on it; it names the place itself. Nil if it
    /// says nothing of its own.
    package var consulWords: String?
    /// For an unknown key, the known one that was probably meant.
    package var suggestion: String?

    package init(
        _ code: Code, file: String? = nil, at position: DocumentPosition, path: String = "", _ message: String,
        consulWords: String? = nil, suggestion: String? = nil
    ) {
        self.code = code
        self.file = file
        self.position = position
        self.path = path
        self.message = message
        self.consulWords = consulWords
        self.suggestion = suggestion
    }

    /// An error of reading, as a problem.
    package init(_ error: DocumentError, file: String? = nil) {
        self.init(.unreadable, file: file, at: error.position, error.message)
    }
}

extension DocumentProblem: CustomStringConvertible {
    /// `FILE:LINE:COLUMN: PATH: sentence`, without the parts that are not there.
    package var description: String { described(as: nil) }

    /// The same with `warning: ` behind the place, as compilers print it and editors read it.
    package var warning: String { described(as: "warning") }

    private func described(as severity: String?) -> String {
        var parts: [String] = []
        let place = position == .none ? "" : "\(position)"
        if let file {
            parts.append(place.isEmpty ? file : "\(file):\(place)")
        } else if !place.isEmpty {
            parts.append(place)
        }
        if let severity { parts.append(severity) }
        if !path.isEmpty { parts.append(path) }
        parts.append(message)
        return parts.joined(separator: ": ")
    }

    /// The problem without file and position, in Consul's words where it has some: what the HTTP API answers.
    package var sentence: String { consulWords ?? (path.isEmpty ? message : "\(path): \(message)") }
}

extension [DocumentProblem] {
    /// The problems in the form in which Go's multierror prints them and Consul answers them:
    /// `1 error occurred:`, then a line with a tab and a star for each.
    package var goMultiError: String {
        let head = count == 1 ? "1 error occurred:" : "\(count) errors occurred:"
        return head + "\n" + map { "\t* \($0.sentence)\n" }.joined() + "\n"
    }
}

/// Collects what is wrong in one document while its values are taken out. Made by whoever decodes, used by that
/// one task, and then asked for `problems` and `warnings`.
package final class ProblemCollector {
    /// Problems and warnings kept each; more are counted only. A file with one mistake in each of a hundred
    /// thousand definitions must not become an equally long answer.
    package static let maxKept = 1000

    package let file: String?
    package private(set) var problems: [DocumentProblem] = []
    package private(set) var warnings: [DocumentProblem] = []
    private var droppedProblems = 0
    /// The keys that the open readers asked for, innermost last; see `MapReader`.
    var known: [String] = []

    package init(file: String? = nil) {
        self.file = file
    }

    package func problem(
        _ code: DocumentProblem.Code, at position: DocumentPosition, path: String = "", _ message: String,
        consulWords: String? = nil, suggestion: String? = nil
    ) {
        guard problems.count < Self.maxKept else {
            droppedProblems += 1
            if droppedProblems == 1 {
                problems.append(
                    DocumentProblem(.invalid, file: file, at: .none, "there are more problems than are shown here"))
            }
            return
        }
        problems.append(
            DocumentProblem(
                code, file: file, at: position, path: path, message, consulWords: consulWords, suggestion: suggestion))
    }

    /// Whether one more unknown key would say nothing: what a long text costs is looking for the keys that were meant.
    func isFull(_ unknown: UnknownKeys) -> Bool {
        unknown == .refuse ? problems.count > Self.maxKept : warnings.count >= Self.maxKept
    }

    package func warning(at position: DocumentPosition, path: String, _ message: String) {
        guard warnings.count < Self.maxKept else { return }
        warnings.append(DocumentProblem(.unknownKey, file: file, at: position, path: path, message))
    }

    /// Throws what was collected, in the order of the document, or returns the value.
    package func check<Value>(_ value: Value?) throws(DocumentProblems) -> Value {
        guard problems.isEmpty, let value else {
            throw DocumentProblems(problems: problems.sorted { $0.position < $1.position })
        }
        return value
    }
}

/// All that is wrong in one or several documents; never empty when thrown.
package struct DocumentProblems: Error, Hashable, Sendable {
    package var problems: [DocumentProblem]

    package init(problems: [DocumentProblem]) {
        self.problems = problems
    }

    /// An error of reading, as the only problem.
    package init(_ error: DocumentError, file: String? = nil) {
        self.init(problems: [DocumentProblem(error, file: file)])
    }
}

extension DocumentProblems: CustomStringConvertible {
    /// One problem a line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// The way from the root of a document to a value, rendered only when an error needs it.
package struct DocumentPath: Sendable {
    private indirect enum Step: Sendable {
        case root
        case key(String, in: Step)
        case index(Int, in: Step)
    }

    private var step: Step

    private init(_ step: Step) {
        self.step = step
    }

    package static let root = DocumentPath(.root)

    package func key(_ key: String) -> DocumentPath { DocumentPath(.key(key, in: step)) }
    package func index(_ index: Int) -> DocumentPath { DocumentPath(.index(index, in: step)) }

    /// The place in its list of the value that the path leads to; 0 for one that stands alone.
    package var lastIndex: Int {
        guard case .index(let index, _) = step else { return 0 }
        return index
    }
}

extension DocumentPath: CustomStringConvertible {
    package var description: String {
        var parts: [String] = []
        var step = step
        while true {
            switch step {
            case .root:
                return parts.reversed().joined()
            case .key(let key, let parent):
                if case .root = parent { parts.append(shown(key)) } else { parts.append(".\(shown(key))") }
                step = parent
            case .index(let index, let parent):
                parts.append("[\(index)]")
                step = parent
            }
        }
    }
}
