import DocumentCore

/// A key or a label, with its place.
struct HCLKey {
    var name: String
    var position: DocumentPosition
}

/// The members of one map while its text is read: repeated blocks are gathered, and double keys found.
struct HCLMembers {
    private struct Entry {
        var key: HCLKey
        /// Of an attribute or of the first block; nil for blocks with labels.
        var value: Document?
        /// Of further blocks.
        var more: [Document] = []
        /// What stands behind each label.
        var labelled = HCLMembers()

        var isBlock: Bool { value?.map != nil }
    }

    private var entries: [Entry] = []
    /// Where each key stands in `entries`; empty while these are few.
    private var places: [String: Int] = [:]
    private static let few = 16

    /// Adds an attribute, or a block with its labels. Grown in place: adding takes the same time however many there are.
    ///
    /// - Parameter path: the key, then the labels; never empty.
    mutating func add(_ path: ArraySlice<HCLKey>, _ value: Document, into collector: ProblemCollector) {
        add(path, value, isLabel: false, into: collector)
    }

    private mutating func add(
        _ path: ArraySlice<HCLKey>, _ value: Document, isLabel: Bool, into collector: ProblemCollector
    ) {
        guard let key = path.first else { return }
        let labels = path.dropFirst()
        guard let place = place(of: key.name) else {
            var entry = Entry(key: key)
            if labels.isEmpty {
                entry.value = value
            } else {
                entry.labelled.add(labels, value, isLabel: true, into: collector)
            }
            append(entry)
            return
        }
        let isLabelled = entries[place].value == nil
        if isLabelled, !labels.isEmpty {
            entries[place].labelled.add(labels, value, isLabel: true, into: collector)
        } else if !isLabel, !isLabelled, labels.isEmpty, entries[place].isBlock, value.map != nil {
            entries[place].more.append(value)
        } else {
            let conflict = conflict(key, entries[place], isLabel: isLabel, hasLabels: !labels.isEmpty)
            collector.problem(.duplicate, at: key.position, conflict)
        }
    }

    private func conflict(_ key: HCLKey, _ entry: Entry, isLabel: Bool, hasLabels: Bool) -> String {
        let (name, first) = (quoted(key.name), entry.key.position)
        if entry.value == nil { return "\(name) stands without a label here, and with one at \(first)" }
        if hasLabels, entry.isBlock { return "\(name) stands with a label here, and without one at \(first)" }
        if isLabel { return "a block with the label \(name) is already at \(first)" }
        return "the key \(name) is already at \(first) of the same map"
    }

    /// The members in the order in which their keys were first seen.
    func documents() -> [DocumentMember] {
        entries.map { entry in
            let value =
                if let value = entry.value {
                    entry.more.isEmpty ? value : Document(.list([value] + entry.more), at: value.position)
                } else {
                    entry.labelled.document()
                }
            return DocumentMember(entry.key.name, value, at: entry.key.position)
        }
    }

    /// The map of what stands behind labels, at the place of the first one.
    private func document() -> Document {
        Document(.map(documents()), at: entries.first?.key.position ?? .none)
    }

    private func place(of name: String) -> Int? {
        places.isEmpty ? entries.firstIndex { $0.key.name == name } : places[name]
    }

    private mutating func append(_ entry: Entry) {
        entries.append(entry)
        if !places.isEmpty {
            places[entry.key.name] = entries.count - 1
        } else if entries.count == Self.few {
            for (place, entry) in entries.enumerated() { places[entry.key.name] = place }
        }
    }
}
