import DocumentCore
import Yams

/// Reads YAML through Yams into documents with positions.
///
/// Plain scalars get the types of YAML's core schema (1.2) where nothing is lost by it: `true`, `false`, `null`,
/// integers and numbers in their usual form. Everything else is a string: `yes`, `0123`, `+5` and `0x1F` stay as they
/// are written. Quoted and tagged scalars are strings. `<<` merges maps.
enum YAMLReader {
    static func read(_ bytes: [UInt8], limits: ConfigLimits) throws(DocumentError) -> [Document] {
        guard bytes.count <= limits.maxFileBytes else {
            throw DocumentError(
                .tooLarge, at: .none,
                "the text has \(bytes.count) bytes, and at most \(limits.maxFileBytes) are accepted")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DocumentError(.encoding, at: .none, "the text is not UTF-8")
        }
        // A value takes at least one byte of text, so more values than bytes come out of aliases.
        var converter = YAMLConverter(valuesLeft: bytes.count + limits.maxAliasedValues)
        var documents: [Document] = []
        for node in try nodes(text) { documents.append(try converter.document(node)) }
        return documents
    }

    /// All documents of the text. The resolver without rules leaves scalars alone: the default one runs regular
    /// expressions over every key.
    private static func nodes(_ text: String) throws(DocumentError) -> [Node] {
        do {
            let parser = try Parser(yaml: text, resolver: .basic, constructor: .default, encoding: .utf8)
            var nodes: [Node] = []
            while let node = try parser.nextRoot() { nodes.append(node) }
            return nodes
        } catch let error as YamlError {
            throw Self.translated(error)
        } catch {
            throw DocumentError(.syntax, at: .none, "the text is not YAML: \(error)")
        }
    }

    private static func translated(_ error: YamlError) -> DocumentError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let details = context.map { " (\($0.text))" } ?? ""
            return DocumentError(.syntax, at: position(mark), problem + details)
        case .reader(let problem, _, _, _):
            return DocumentError(.encoding, at: .none, problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map(quoted).joined(separator: ", ")
            return DocumentError(.duplicateKey, at: position(context.mark), "the key \(keys) stands twice in one map")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return DocumentError(.syntax, at: .none, "the text cannot be read as YAML")
        }
    }

    fileprivate static func position(_ mark: Mark?) -> DocumentPosition {
        guard let mark else { return .none }
        return DocumentPosition(line: UInt32(clamping: mark.line), column: UInt32(clamping: mark.column))
    }
}

/// Turns Yams' nodes into documents, within bounds.
private struct YAMLConverter {
    var valuesLeft: Int
    var depth = 0

    mutating func document(_ node: Node) throws(DocumentError) -> Document {
        let position = YAMLReader.position(node.mark)
        valuesLeft -= 1
        guard valuesLeft >= 0 else {
            throw DocumentError(.tooLarge, at: position, "the aliases of this file stand for too many values")
        }
        guard depth < DocumentLimits().maxDepth else {
            throw DocumentError(
                .tooDeep, at: position, "maps and lists are nested more than \(DocumentLimits().maxDepth) deep")
        }
        depth += 1
        defer { depth -= 1 }
        switch node {
        case .scalar(let scalar):
            return Document(scalar.isPlain ? Self.plain(scalar.string) : .string(scalar.string), at: position)
        case .sequence(let sequence):
            var items: [Document] = []
            items.reserveCapacity(sequence.count)
            for item in sequence { items.append(try document(item)) }
            return Document(.list(items), at: position)
        case .mapping(let mapping):
            return Document(.map(try members(mapping)), at: position)
        case .alias:
            throw DocumentError(.syntax, at: position, "this alias cannot be followed")
        }
    }

    private mutating func members(_ mapping: Node.Mapping) throws(DocumentError) -> [DocumentMember] {
        var members: [DocumentMember] = []
        var merged: [DocumentMember] = []
        members.reserveCapacity(mapping.count)
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                throw DocumentError(.syntax, at: YAMLReader.position(key.mark), "a key must be a single word or text")
            }
            let position = YAMLReader.position(key.mark)
            let value = try document(value)
            // By its style alone: Yams has given keys a tag by now, when it looked for double ones.
            if scalar.string == "<<", scalar.style == .plain {
                merged += try Self.mergeable(value)
            } else {
                members.append(DocumentMember(scalar.string, value, at: position))
            }
        }
        return merged.isEmpty ? members : Self.merge(merged, into: members)
    }

    /// What the map has itself goes before what is merged, and earlier merges before later ones.
    private static func merge(_ merged: [DocumentMember], into members: [DocumentMember]) -> [DocumentMember] {
        var members = members
        var names = Set(members.map(\.key))
        for member in merged where names.insert(member.key).inserted { members.append(member) }
        return members
    }

    private static func mergeable(_ value: Document) throws(DocumentError) -> [DocumentMember] {
        switch value.content {
        case .map(let members): return members
        case .list(let items):
            var members: [DocumentMember] = []
            for item in items {
                guard let map = item.map else { break }
                members += map
            }
            if items.allSatisfy({ $0.map != nil }) { return members }
        case .null, .bool, .integer, .number, .string: break
        }
        throw DocumentError(.syntax, at: value.position, "only maps can be merged with <<")
    }

    private static func plain(_ text: String) -> Document.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return .string(text)
        }
        if let integer = Int64(text), String(integer) == text { return .integer(integer) }
        // The grammar of numbers is that of JSON: 1.5 and 1e3, not 1. or 0x1p4.
        if let number = try? JSONReader.read(text), case .number = number.content { return number.content }
        return .string(text)
    }
}

extension Node.Scalar {
    /// Neither quoted nor tagged, so that its text decides what it is.
    fileprivate var isPlain: Bool {
        style == .plain && tag == Tag(.implicit)
    }
}
