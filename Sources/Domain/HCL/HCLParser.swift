import DocumentCore

/// The recursive descent behind `HCLReader`, over a text that is UTF-8.
///
/// A mistake is thrown to the innermost block that it stands in, and reported and skipped there.
struct HCLParser {
    private var lexer: HCLLexer
    /// The next token; never a comment.
    private var token: HCLToken
    /// The brackets around the next token, innermost last.
    private var open: [HCLToken] = []
    /// Maps and lists around the next token; labels make maps, too.
    private var depth = 1
    private let maxDepth: Int
    private let collector: ProblemCollector
    private var syntaxErrors = 0
    /// Set where what follows cannot be understood; `end` is the next token from then on.
    private var hasStopped = false

    init(_ text: [UInt8], maxDepth: Int, collector: ProblemCollector) {
        lexer = HCLLexer(text)
        token = lexer.next()
        self.maxDepth = maxDepth
        self.collector = collector
        if token.isComment { advance() }
    }

    /// Reads the whole text.
    ///
    /// - Returns: nil after a syntax error. What is wrong is in the collector.
    mutating func document() -> Document? {
        let position = token.kind == .end ? DocumentPosition(line: 1, column: 1) : token.position
        guard token.kind != .openBrace else {
            report(
                HCLMistake(
                    at: position, "the text begins with \"{\", as JSON does: HCL has no braces around the whole text"))
            return nil
        }
        let members = body()
        // After another mistake, a brace too many is most likely a part of it.
        if token.kind != .end, syntaxErrors == 0 {
            report(HCLMistake(at: token.position, "this \"}\" closes nothing: no \"{\" is open here"))
        }
        return syntaxErrors == 0 ? Document(.map(members), at: position) : nil
    }

    // MARK: - Tokens

    private mutating func advance() {
        var lineBreaks = 0
        repeat {
            token = lexer.next()
            lineBreaks += token.lineBreaks
        } while token.isComment
        token.lineBreaks = lineBreaks
    }

    private mutating func take() -> HCLToken {
        defer { advance() }
        return token
    }

    private func text(_ token: HCLToken) -> String { String(decoding: lexer.text[token.range], as: UTF8.self) }

    /// The next token is on the line on which the one before ended.
    private var isOnSameLine: Bool { token.lineBreaks == 0 && token.kind != .end }

    private mutating func enter(levels: Int = 1) throws(HCLMistake) {
        guard depth + levels <= maxDepth else {
            throw HCLMistake(
                at: token.position, "maps and lists are nested more than \(maxDepth) deep", isFinal: true)
        }
        depth += levels
    }

    // MARK: - Maps

    /// Items up to the brace that closes their map, or to the end of the text.
    private mutating func body() -> [DocumentMember] {
        var members = HCLMembers()
        let nesting = open.count
        while token.kind != .end, token.kind != .closeBrace {
            let start = token.range.lowerBound
            do throws(HCLMistake) {
                try item(into: &members)
            } catch {
                recover(from: error, nesting: nesting, itemStart: start)
            }
        }
        return members.documents()
    }

    private mutating func item(into members: inout HCLMembers) throws(HCLMistake) {
        var path = [try key()]
        while token.isKey, isOnSameLine { path.append(try key()) }
        let value: Document
        switch token.kind {
        case .equals where path.count == 1:
            let equals = take()
            value = try self.value(after: equals, of: path[0])
        case .openBrace:
            let labels = path.count - 1
            try enter(levels: labels)
            defer { depth -= labels }
            value = try map()
        default:
            throw noValue(path)
        }
        members.add(path[...], value, into: collector)
        if token.kind == .comma {
            advance()
        } else if isOnSameLine, !token.isKey, token.kind != .closeBrace {
            throw unexpected("the end of the line is expected after the value of \(quoted(path[0].name))")
        }
    }

    private mutating func key() throws(HCLMistake) -> HCLKey {
        switch token.kind {
        case .name:
            let name = take()
            return HCLKey(name: text(name), position: name.position)
        case .string:
            let name = take()
            return HCLKey(name: try HCLLiterals.string(name, in: lexer.text), position: name.position)
        case .closeBracket:
            throw HCLMistake(at: token.position, "this \"]\" closes nothing: no \"[\" is open here", isFinal: true)
        default:
            throw unexpected("a key is expected")
        }
    }

    private mutating func map() throws(HCLMistake) -> Document {
        try enter()
        defer { depth -= 1 }
        let opening = take()
        open.append(opening)
        let members = body()
        guard token.kind == .closeBrace else { throw unclosed(opening) }
        open.removeLast()
        advance()
        return Document(.map(members), at: opening.position)
    }

    // MARK: - Values

    private mutating func value(after sign: HCLToken, of key: HCLKey) throws(HCLMistake) -> Document {
        let position = token.position
        switch token.kind {
        case .string:
            return Document(.string(try HCLLiterals.string(take(), in: lexer.text)), at: position)
        case .heredoc:
            return Document(.string(HCLLiterals.heredoc(take(), in: lexer.text)), at: position)
        case .number:
            return Document(try HCLLiterals.number(take(), in: lexer.text), at: position)
        case .name:
            return Document(.bool(try bool(after: sign, of: key)), at: position)
        case .openBrace:
            return try map()
        case .openBracket:
            return try list(of: key)
        case .lineComment, .blockComment, .equals, .comma, .closeBrace, .closeBracket, .end, .other, .broken:
            if sign.kind == .equals, token.kind != .broken, !isOnSameLine || token.kind == .closeBrace {
                throw missingValue(of: key, after: sign)
            }
            throw unexpected("a value is expected")
        }
    }

    private mutating func bool(after sign: HCLToken, of key: HCLKey) throws(HCLMistake) -> Bool {
        if let value = bool(token) {
            advance()
            return value
        }
        // `key =` and the next key on the next line.
        if sign.kind == .equals, !isOnSameLine { throw missingValue(of: key, after: sign) }
        let word = take()
        if sign.kind != .equals, token.kind == .equals, let opening = open.last { throw unclosed(opening) }
        throw noText(word)
    }

    private func bool(_ token: HCLToken) -> Bool? {
        guard token.kind == .name else { return nil }
        switch text(token) {
        case "true": return true
        case "false": return false
        default: return nil
        }
    }

    private mutating func list(of key: HCLKey) throws(HCLMistake) -> Document {
        try enter()
        defer { depth -= 1 }
        let opening = take()
        open.append(opening)
        var items: [Document] = []
        var sign = opening
        while token.kind != .closeBracket {
            guard token.kind != .end else { throw unclosed(opening) }
            items.append(try value(after: sign, of: key))
            guard token.kind == .comma else { break }
            sign = take()
        }
        guard token.kind == .closeBracket else {
            let isNextKey = token.kind == .name && !isOnSameLine && bool(token) == nil
            guard token.kind != .end, !isNextKey else { throw unclosed(opening) }
            throw unexpected("\",\" or \"]\" is expected after an item of the list that begins at \(opening.position)")
        }
        open.removeLast()
        advance()
        return Document(.list(items), at: opening.position)
    }

    // MARK: - Going on after a mistake

    private mutating func report(_ mistake: HCLMistake) {
        syntaxErrors += 1
        collector.problem(.unreadable, at: mistake.position, mistake.message)
    }

    private mutating func stop() {
        hasStopped = true
        lexer.index = lexer.text.count
        advance()
    }

    /// Reports a mistake in an item and goes on with the next line of the same block. Where brackets do not pair up
    /// on the way there, what follows is not looked at.
    ///
    /// - Parameters:
    ///   - nesting: how many brackets are open around the items of the block.
    ///   - itemStart: where the item begins.
    private mutating func recover(from mistake: HCLMistake, nesting: Int, itemStart: Int) {
        guard !hasStopped else { return }
        report(mistake)
        guard !mistake.isFinal else { return stop() }
        if token.range.lowerBound == itemStart { skip(nesting, after: mistake) }
        while !hasStopped {
            if open.count == nesting {
                if token.kind == .closeBrace, nesting > 0 { return }
                if !isOnSameLine, token.isKey { return }
            }
            skip(nesting, after: mistake)
        }
    }

    private mutating func skip(_ nesting: Int, after mistake: HCLMistake) {
        guard syntaxErrors < HCLReader.maxSyntaxErrors, open.count < maxDepth else { return stop() }
        switch token.kind {
        case .end:
            return stop()
        case .openBrace, .openBracket:
            open.append(token)
        case .closeBrace, .closeBracket:
            let opening: HCLToken.Kind = token.kind == .closeBrace ? .openBrace : .openBracket
            guard open.count > nesting, open.last?.kind == opening else { return stop() }
            open.removeLast()
        case .broken where lexer.mistake.position.line != mistake.position.line:
            report(lexer.mistake)
            if lexer.mistake.isFinal { return stop() }
        case .name, .string, .heredoc, .number, .lineComment, .blockComment, .equals, .comma, .other, .broken:
            break
        }
        advance()
    }

    // MARK: - Sentences

    private func unexpected(_ expectation: String) -> HCLMistake {
        if token.kind == .broken { return lexer.mistake }
        return HCLMistake(at: token.position, "\(found) stands here, and \(expectation)")
    }

    private func unclosed(_ opening: HCLToken) -> HCLMistake {
        let (bracket, end) = opening.kind == .openBrace ? ("{", "}") : ("[", "]")
        let place = token.kind == .end ? "the end of the text" : "the next key"
        return HCLMistake(
            at: opening.position, "this \"\(bracket)\" is not closed: \"\(end)\" is expected before \(place)",
            isFinal: true)
    }

    private func missingValue(of key: HCLKey, after sign: HCLToken) -> HCLMistake {
        HCLMistake(at: sign.position, "the value of \(quoted(key.name)) is missing after \"=\"")
    }

    private func noText(_ word: HCLToken) -> HCLMistake {
        let written = text(word)
        let advice =
            switch written.lowercased() {
            case "null", "nil", "none": "leave the key out, as HCL has no null"
            case "true", "false", "yes", "no", "on", "off": "write true or false, or text in quotes"
            default: "text goes in quotes"
            }
        return HCLMistake(
            at: word.position, "the word \(written.prefix(80)) stands where a value is expected: \(advice)")
    }

    /// Why a key, with what looks like its labels, is not followed by what follows it.
    private func noValue(_ path: [HCLKey]) -> HCLMistake {
        let key = quoted(path[0].name)
        let hasEnded = !isOnSameLine || token.kind == .closeBrace || token.kind == .comma
        switch (token.kind, path.count == 1) {
        case (_, true) where hasEnded:
            return HCLMistake(
                at: path[0].position, "the key \(key) has no value: \"=\" or \"{\" is expected after it")
        case (_, false) where hasEnded:
            return HCLMistake(
                at: path[1].position,
                "\"=\" is missing between the key \(key) and its value, or \"{\" after a label")
        case (.other, true) where text(token) == ":":
            return HCLMistake(
                at: token.position, "\":\" stands after the key \(key): HCL has \"=\" between a key and its value")
        case (.number, true), (.heredoc, true), (.openBracket, true):
            return HCLMistake(at: token.position, "\"=\" is missing between the key \(key) and its value")
        case (.equals, false):
            return HCLMistake(
                at: token.position,
                "\"=\" stands after a label: a block has none, and a key of several words goes in quotes")
        default:
            return unexpected("\"=\" or \"{\" is expected after the key \(key)")
        }
    }

    /// The next token in words.
    private var found: String {
        switch token.kind {
        case .end: return "the end of the text"
        case .heredoc: return "a heredoc"
        case .string: return "the text \(quoted(String(text(token).dropFirst().dropLast())))"
        case .other:
            guard let scalar = text(token).unicodeScalars.first else { return "nothing" }
            switch scalar {
            case "'", "`", "\u{2018}"..."\u{201F}": return "a quote that is not \" (\(name(of: scalar)))"
            case "!"..."~": return "\"\(scalar)\""
            default: return "the character \(name(of: scalar))"
            }
        case .name, .number, .equals, .comma, .openBrace, .closeBrace, .openBracket, .closeBracket, .lineComment,
            .blockComment, .broken:
            return quoted(text(token))
        }
    }

    /// `U+2019`.
    private func name(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
