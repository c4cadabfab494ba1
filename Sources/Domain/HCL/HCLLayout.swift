/// The tokens of a text that is HCL, and where lines end between them: what `HCLFormatter` decides.
struct HCLLayout {
    let text: [UInt8]
    let tokens: [HCLToken]
    /// Between lines: as it first is between tokens, since heredocs and comments may have others inside.
    let lineEnd: [UInt8]
    /// Ends of lines before each token: none, one, or two for an empty line.
    private(set) var breaks: [Int] = []
    /// The first tokens of items.
    private(set) var itemStarts: Set<Int> = []
    /// Tokens in the middle of an item, such as a value whose line a comment took.
    private(set) var continuations: Set<Int> = []

    /// What a map or a list has so far.
    private struct Frame {
        enum Progress {
            case beforeKey
            case afterKey
            case afterEquals
        }

        var isMap: Bool
        var items: [Int] = []
        var progress = Progress.beforeKey
        /// Lines end in it, also inside of what it holds.
        var isMultiline = false
        /// Whether a comma or nothing stands before the next item.
        var isSeparated = true
    }

    private var frames: [Frame] = []

    init(_ text: [UInt8]) {
        self.text = text
        var lexer = HCLLexer(text)
        var tokens: [HCLToken] = []
        var lineEnd: [UInt8]?
        repeat {
            let token = lexer.next()
            if lineEnd == nil, token.lineBreaks > 0, let before = tokens.last {
                lineEnd = Self.lineEnd(in: text, after: before)
            }
            tokens.append(token)
        } while tokens.last?.kind != .end
        tokens.removeLast()
        self.tokens = tokens
        self.lineEnd = lineEnd ?? [0x0A]
        breaks.reserveCapacity(tokens.count)
        frames = [Frame(isMap: true, isMultiline: true)]
        for index in tokens.indices { place(index) }
        breakItems(of: frames[0])
    }

    private static func lineEnd(in text: [UInt8], after token: HCLToken) -> [UInt8]? {
        guard let end = text[token.range.upperBound...].firstIndex(of: 0x0A) else { return nil }
        return end > 0 && text[end - 1] == 0x0D ? [0x0D, 0x0A] : [0x0A]
    }

    /// Whether a token has the end of a line inside.
    func spansLines(_ index: Int) -> Bool {
        switch tokens[index].kind {
        case .heredoc: true
        case .string, .blockComment: text[tokens[index].range].contains(UInt8(ascii: "\n"))
        default: false
        }
    }

    private var top: Frame {
        get { frames[frames.count - 1] }
        _modify { yield &frames[frames.count - 1] }
    }

    // MARK: - One token after the other

    private mutating func place(_ index: Int) {
        let token = tokens[index]
        breaks.append(givenBreaks(index))
        if breaks[index] > 0 || spansLines(index) { top.isMultiline = true }
        if breaks[index] > 0, top.isMap, top.progress != .beforeKey { continuations.insert(index) }
        switch token.kind {
        case .name where top.isMap && top.progress == .beforeKey, .string where top.isMap && top.progress == .beforeKey:
            startItem(index)
        case .equals:
            top.progress = .afterEquals
        case .comma:
            top.isSeparated = true
        case .openBrace:
            frames.append(Frame(isMap: true))
        case .openBracket:
            frames.append(Frame(isMap: false))
        case .closeBrace, .closeBracket:
            close(index)
        case .name, .string, .heredoc, .number:
            if top.progress == .afterEquals { top.progress = .beforeKey }
        case .lineComment, .blockComment, .end, .other, .broken:
            break
        }
    }

    private mutating func startItem(_ index: Int) {
        itemStarts.insert(index)
        if !top.isSeparated { top.isMultiline = true }
        top.isSeparated = false
        top.items.append(index)
        top.progress = .afterKey
    }

    private mutating func close(_ index: Int) {
        guard let frame = frames.popLast() else { return }
        top.progress = .beforeKey
        guard frame.isMultiline else { return }
        top.isMultiline = true
        guard frame.isMap else { return }
        breakItems(of: frame)
        breaks[index] = 1
    }

    /// The line breaks of the text, where they may stand and as many as may.
    private func givenBreaks(_ index: Int) -> Int {
        guard index > 0 else { return 0 }
        let (token, before) = (tokens[index], tokens[index - 1])
        let isFirst = before.kind == .openBrace || before.kind == .openBracket
        let isLast = token.kind == .closeBrace || token.kind == .closeBracket
        if isFirst, isLast { return 0 }
        if !before.isComment, !token.isComment, before.kind != .heredoc {
            switch top.progress {
            case .afterKey where top.isMap && (token.kind == .equals || token.kind == .openBrace): return 0
            case .afterEquals where top.isMap: return 0
            default: if token.kind == .comma { return 0 }
            }
        }
        return min(token.lineBreaks, isFirst || isLast ? 1 : 2)
    }

    /// Gives each item of a map its own line.
    private mutating func breakItems(of map: Frame) {
        for item in map.items {
            var first = item
            while first > 0, breaks[first] == 0, tokens[first - 1].kind == .blockComment { first -= 1 }
            // A comment that begins the line of an item stays there.
            if first == 0 || breaks[first] > 0 && tokens[first].kind == .blockComment { continue }
            breaks[item] = max(breaks[item], 1)
        }
    }
}
