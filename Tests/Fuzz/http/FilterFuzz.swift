import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore

@testable import FilterCore

/// All kinds of listings that filters are about.
let shapes: [FilterShape] = [.node, .service, .check, .healthEntry, .catalogEntry]

/// A filter that says something else when the space between its words changes, when it is written out or put into
/// parentheses, or that holds together with its opposite. The first byte says what is listed.
func checkFilter(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let kind = Int(first) % shapes.count
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    let query = RequestQuery("filter=\(encoded(text))")
    let filter = taken(outOf: bytes.count) { () throws(Refusal) in try RequestFilter(query, over: shapes[kind]) }
    guard let expression = parsed(text, kind, FilterLimits()) else {
        require(filter == nil || text.isEmpty, "what is no filter is taken")
        return
    }
    let things = listings[kind]
    let verdicts = things.map(expression.holds)
    guard let filter else { fatalError("a filter is refused") }
    let selected = filter.select(things) { $0.value($1) }
    require(zip(things, verdicts).filter(\.1).map(\.0) == selected, "others are selected")

    func expect(_ other: String, hold expected: [Bool], _ what: String) {
        guard let other = parsed(other, kind, looseLimits) else { fatalError("\(what): \(other) is no filter") }
        require(things.map(other.holds) == expected, "\(what): it holds for others")
    }
    let tokens = (try? FilterLexer.tokens(of: text)) ?? []
    for space in [" ", "\r\n\t "] {
        expect(tokens.map(\.kind.written).joined(separator: space), hold: verdicts, "other white space")
    }
    expect("not (\(text))", hold: verdicts.map { !$0 }, "the opposite")
    expect("(\(text)) or (\(text))", hold: verdicts, "the same twice")
    guard let written = expression.written else { return }
    expect(written, hold: verdicts, "written out")
    require(parsed(written, kind, looseLimits)?.written == written, "it is written in another way")
}

private let looseLimits: FilterLimits = {
    var limits = FilterLimits()
    limits.maxCharacters *= 100
    limits.maxDepth *= 100
    return limits
}()

private func parsed(_ text: String, _ kind: Int, _ limits: FilterLimits) -> FilterExpression? {
    do throws(FilterError) {
        return try FilterParser.parse(text, over: shapes[kind], limits: limits)
    } catch {
        let end = text.unicodeScalars.count + 1
        require((1...end).contains(error.column) || end > limits.maxCharacters, "\(error): a place that is not there")
        return nil
    }
}

extension FilterToken.Kind {
    fileprivate var written: String {
        switch self {
        case .word(let word): word
        case .text(let text): inQuotes(text)
        case .equal, .notEqual, .open, .close, .dot, .openIndex, .closeIndex: inWords
        case .end: ""
        }
    }
}

extension FilterExpression {
    /// Nil if there is a pattern in it, whose text is not kept.
    fileprivate var written: String? {
        switch self {
        case .all(let parts): Self.joined(parts, " and ")
        case .any(let parts): Self.joined(parts, " or ")
        case .not(let part): part.written.map { "not (\($0))" }
        case .comparison(let comparison): comparison.written
        }
    }

    private static func joined(_ parts: [FilterExpression], _ word: String) -> String? {
        let written = parts.compactMap(\.written)
        return written.count < parts.count ? nil : written.map { "(\($0))" }.joined(separator: word)
    }
}

extension FilterComparison {
    fileprivate var written: String? {
        let path = path.map { step in
            switch step {
            case .field(let name): ".\(name)"
            case .key(let name): "[\(inQuotes(name))]"
            }
        }
        let selector = path.joined().dropFirst()
        let equal = isNegated ? "!=" : "=="
        let not = isNegated ? "not " : ""
        switch test {
        case .isText(let text): return "\(selector) \(equal) \(inQuotes(text))"
        case .isNumber(let number): return "\(selector) \(equal) \(number)"
        case .isBoolean(let boolean): return "\(selector) \(equal) \(boolean)"
        case .isEmpty: return "\(selector) is \(not)empty"
        case .contains(let part): return "\(selector) \(not)contains \(inQuotes(part))"
        case .matches: return nil
        }
    }
}

private func inQuotes(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        if scalar == "\\" || scalar == "\"" { scalars.append("\\") }
        scalars.append(scalar)
    }
    return "\"\(String(scalars))\""
}

// MARK: - Patterns

/// A pattern that finds something else inside of a group, beside itself, or behind anything. What it is looked for in
/// stands in front of the first line break.
func checkPattern(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return }
    let text = String(decoding: parts[0], as: UTF8.self)
    let pattern = String(decoding: parts[1], as: UTF8.self)
    guard let compiled = try? FilterPattern(pattern, at: 1, maxSteps: 1_024) else { return }
    let isFound = compiled.matches(text)
    // Only at the start of all does it say that case does not count.
    let flag = pattern.hasPrefix("(?i)") ? "(?i)" : ""
    let rest = String(pattern.unicodeScalars.dropFirst(flag.count))
    for other in ["(?:\(rest))", "(?:\(rest))|(?:\(rest))", "^(?:.|\\s)*(?:\(rest))", "(?:\(rest)){1}"] {
        // A group more may be one too many.
        guard let other = try? FilterPattern(flag + other, at: 1, maxSteps: 10_000) else { continue }
        require(other.matches(text) == isFound, "\(pattern) is found or not, as it is written")
    }
}

// MARK: - What is listed

/// By the kind of listing; as the API writes it.
private let listings: [[Document]] = {
    func written(_ write: (inout JSONWriter, InstanceEntry) -> Void) -> [Document] {
        entries.compactMap { entry in
            var json = JSONWriter()
            write(&json, entry)
            return try? JSONReader.read(json.bytes)
        }
    }
    let listings = [
        written { $0.node($1.nodeEntry) }, written { $0.agentService($1.instance.service, datacenter: "dc1") },
        written { json, entry in if let check = entry.checks.first { json.check(check) } },
        written { $0.healthEntry($1) }, written { $0.catalogEntry($1) },
    ]
    require(listings.allSatisfy { !$0.isEmpty }, "nothing is listed")
    return listings
}()

private let entries: [InstanceEntry] = [
    """
    {"Node":"n1","Address":"10.0.0.1","NodeMeta":{"rack":"7","a.b":"c"},"TaggedAddresses":{"lan":"10.0.0.1"},
     "Service":{"Service":"web","ID":"web-1","Tags":["v1","prod"],"Port":80,"Meta":{"version":"1.2.3","empty":""},
       "TaggedAddresses":{"wan":{"Address":"1.2.3.4","Port":8080}},"Weights":{"Passing":3,"Warning":1},
       "Locality":{"Region":"eu","Zone":"a"}},
     "Checks":[{"CheckID":"a","Name":"alive","Status":"passing","Output":"200 OK","ServiceID":"web-1"},
       {"Node":"n1","CheckID":"b","Status":"critical"}]}
    """,
    """
    {"Node":"n2","Address":"::1","Service":{"Service":"web-sidecar-proxy","Kind":"connect-proxy","Port":21000,
       "Proxy":{"DestinationServiceName":"web","LocalServicePort":80,"MeshGateway":{"Mode":"local"},
         "Upstreams":[{"DestinationName":"db","LocalBindPort":5432},{"DestinationName":"x","DestinationPeer":"p"}]}}}
    """,
    """
    {"Node":"n3","Address":"db.example","Service":{"Service":"db","Connect":{"Native":true},"SocketPath":"/s"},
     "Check":{"Name":"c","Status":"warning"}}
    """,
].map { text in
    let (definition, _) = (try? decodeBody(Array(text.utf8)) { CatalogDefinition(&$0) }) ?? (nil, nil)
    guard let definition, let service = definition.service else { fatalError("a fixed definition is wrong") }
    return instanceEntry(definition, service)
}

func instanceEntry(_ definition: CatalogDefinition, _ service: NodeService) -> InstanceEntry {
    let indexes = RowIndexes(create: 1, modify: 2)
    return InstanceEntry(
        instance: ServiceInstance(node: definition.node, service: service, checks: definition.checks), peer: "",
        indexes: indexes, nodeIndexes: indexes)
}
