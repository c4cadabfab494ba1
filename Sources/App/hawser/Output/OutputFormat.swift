import ArgumentParser
import DocumentCore

/// `--format`: for people, or for programs.
struct FormatOption: ParsableArguments {
    @Option(name: .customLong("format"), help: "pretty for people, json for programs.")
    var format = "pretty"

    func validate() throws {
        guard format == "pretty" || format == "json" else {
            throw ValidationError("Invalid format, valid formats are {json|pretty}")
        }
    }

    var isJSON: Bool { format == "json" }

    /// Prints an answer as it is, or as a text for people.
    func write(_ answer: Document, _ text: (Document) -> String) throws(CommandFailure) {
        let output = Surroundings.current.output
        try output.write(isJSON ? answer.json(style: .pretty) + "\n" : text(answer))
    }
}

extension Document {
    /// One line of JSON, or four spaces a level.
    func json(style: JSONWriter.Style = .compact) -> String {
        var json = JSONWriter(style: style)
        json.value(self)
        return json.text
    }
}
