import Testing

@testable import ClientHello

/// What a parser says of bytes that come in the given pieces.
func outcome(
    _ pieces: some Sequence<ArraySlice<UInt8>>, limits: ClientHelloLimits = ClientHelloLimits()
) -> ClientHelloParser.Outcome {
    var parser = ClientHelloParser(limits: limits)
    for piece in pieces { _ = parser.receive(Array(piece).span) }
    return parser.outcome
}

func outcome(_ bytes: [UInt8], limits: ClientHelloLimits = ClientHelloLimits()) -> ClientHelloParser.Outcome {
    outcome([bytes[...]], limits: limits)
}

/// An outcome with the sentence, which equality of problems leaves out.
func words(_ outcome: ClientHelloParser.Outcome) -> String {
    switch outcome {
    case .needsMore: "needs more"
    case .hello(let hello): "hello \(hello.serverName ?? "without name") \(hello.protocols)"
    case .refused(let problem): "\(problem.code.rawValue): \(problem.message)"
    }
}

/// The outcome of the bytes, after a check that it is the same however they are cut: one byte at a time, and in two
/// at each position. Bytes after the hello, and more calls, change nothing.
func outcomeOfAllCuts(
    _ bytes: [UInt8], limits: ClientHelloLimits = ClientHelloLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> ClientHelloParser.Outcome {
    let whole = outcome(bytes, limits: limits)
    let single = outcome(bytes.indices.map { bytes[$0...$0] }, limits: limits)
    #expect(words(single) == words(whole), "one byte at a time", sourceLocation: sourceLocation)
    for cut in bytes.indices {
        let halves = outcome([bytes[..<cut], bytes[cut...]], limits: limits)
        if words(halves) != words(whole) {
            Issue.record("cut at \(cut): \(words(halves)), not \(words(whole))", sourceLocation: sourceLocation)
        }
    }
    if whole != .needsMore {
        let more = outcome([bytes[...], bytes[...], [0xff]], limits: limits)
        #expect(words(more) == words(whole), "with bytes behind", sourceLocation: sourceLocation)
    }
    return whole
}

/// The hello that the bytes are; it must come with the last of them.
func hello(
    _ bytes: [UInt8], limits: ClientHelloLimits = ClientHelloLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> ClientHello? {
    let all = outcomeOfAllCuts(bytes, limits: limits, sourceLocation: sourceLocation)
    guard case .hello(let hello) = all else {
        Issue.record("no hello: \(words(all))", sourceLocation: sourceLocation)
        return nil
    }
    #expect(outcome(bytes.dropLast(), limits: limits) == .needsMore, sourceLocation: sourceLocation)
    let reference = WholeHello(bytes)
    #expect(reference?.serverName == hello.serverName, sourceLocation: sourceLocation)
    #expect(reference?.protocols == hello.protocols, sourceLocation: sourceLocation)
    #expect(reference?.length == bytes.count, sourceLocation: sourceLocation)
    return hello
}

/// The problem that the bytes are refused with; it must not come before the last of them unless `early`.
func problem(
    _ bytes: [UInt8], limits: ClientHelloLimits = ClientHelloLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> ClientHelloProblem? {
    let all = outcomeOfAllCuts(bytes, limits: limits, sourceLocation: sourceLocation)
    guard case .refused(let problem) = all else {
        Issue.record("not refused: \(words(all))", sourceLocation: sourceLocation)
        return nil
    }
    // A sentence is one line of text, whatever the client sent.
    #expect(problem.message.utf8.allSatisfy { (0x20..<0x7f).contains($0) }, sourceLocation: sourceLocation)
    #expect(problem.message.utf8.count < 160, sourceLocation: sourceLocation)
    #expect(WholeHello(bytes) == nil, sourceLocation: sourceLocation)
    return problem
}

private func outcome(_ bytes: ArraySlice<UInt8>, limits: ClientHelloLimits) -> ClientHelloParser.Outcome {
    outcome([bytes], limits: limits)
}
