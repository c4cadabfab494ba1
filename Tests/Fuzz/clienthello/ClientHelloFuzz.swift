/// The target that libFuzzer feeds. Beyond crashes
/// and what the address sanitizer sees it stops at an outcome that depends on how the bytes were cut, at a name that
/// could confuse a route table or a log, and at a hello that another reader reads differently.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    for bytes in [input] + inHello(input) {
        check(bytes, tight)
        checkOpenSSL(bytes, check(bytes, ClientHelloLimits()))
    }
    return 0
}

/// What begins with `E` is also tried as the extensions of a hello that is right otherwise, and what begins with `N`
/// as its server name; the second byte is the size of its records, one for all if 0. Changes at random rarely keep
/// all lengths right, and would seldom get as deep. Long ones would get no deeper, only slower.
private func inHello(_ input: [UInt8]) -> [[UInt8]] {
    guard (2...1_000).contains(input.count), let kind = input.first else { return [] }
    let rest = Array(input.dropFirst(2))
    var builder = HelloBuilder()
    switch kind {
    case UInt8(ascii: "E"): builder.extensions = [HelloExtension(raw: rest)]
    case UInt8(ascii: "N"): builder.extensions = [.serverNames([(UInt8(0), rest)])]
    default: return []
    }
    return [input[1] == 0 ? builder.bytes : builder.records(of: Int(input[1]))]
}

/// Limits that short inputs reach too.
private let tight: ClientHelloLimits = {
    var limits = ClientHelloLimits()
    limits.maxBytes = 300
    limits.maxNameBytes = 20
    limits.maxProtocols = 2
    limits.maxProtocolBytes = 9
    return limits
}()

@discardableResult
private func check(_ bytes: [UInt8], _ limits: ClientHelloLimits) -> ClientHelloParser.Outcome {
    var parser = ClientHelloParser(limits: limits)
    let outcome = parser.receive(bytes.span)
    checkCuts(bytes, limits, expected: parser)
    switch outcome {
    case .needsMore: require(bytes.count < limits.maxBytes, "needs more than the limit")
    case .hello(let hello): checkNames(hello, limits)
    case .refused(let problem): checkSentence(problem)
    }
    checkOtherReader(bytes, limits, parser)
    return outcome
}

/// The same bytes one at a time, and in pieces whose lengths the bytes themselves choose.
private func checkCuts(_ bytes: [UInt8], _ limits: ClientHelloLimits, expected: ClientHelloParser) {
    var random = bytes.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } | 1
    for longest in [1, 8, 700] {
        var parser = ClientHelloParser(limits: limits)
        var position = 0
        // Past the end nothing is taken.
        while position < bytes.count, parser.outcome == .needsMore {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            let end = min(position + 1 + Int(random % UInt64(longest)), bytes.count)
            _ = parser.receive(bytes.span.extracting(position..<end))
            position = end
        }
        switch (parser.outcome, expected.outcome) {
        case (.needsMore, .needsMore):
            break
        case (.hello(let hello), .hello(let other)):
            require(hello == other, "pieces of at most \(longest) bytes: another hello")
            require(parser.bytesTaken == expected.bytesTaken, "pieces of at most \(longest) bytes: another length")
        case (.refused(let problem), .refused(let other)):
            require(problem == other, "pieces of at most \(longest) bytes: another refusal")
            require(problem.message == other.message, "pieces of at most \(longest) bytes: another sentence")
        case (.needsMore, _), (.hello, _), (.refused, _):
            fatalError("pieces of at most \(longest) bytes: another outcome")
        }
    }
}

private let legal = Set("abcdefghijklmnopqrstuvwxyz0123456789-_.".utf8)

private func checkNames(_ hello: ClientHello, _ limits: ClientHelloLimits) {
    if let name = hello.serverName {
        require(
            (1...limits.maxNameBytes).contains(name.utf8.count) && name.utf8.allSatisfy(legal.contains),
            "an illegal name")
        require(!name.split(separator: ".", omittingEmptySubsequences: false).contains(""), "an empty label")
    }
    require(hello.protocols.count <= limits.maxProtocols, "too many protocols")
    let protocolBytes = hello.protocols.reduce(0) { $0 + $1.utf8.count }
    require(protocolBytes <= limits.maxProtocolBytes, "protocols that are too long")
    for name in hello.protocols {
        require(!name.isEmpty && name.utf8.allSatisfy { (0x21..<0x7f).contains($0) }, "an illegal protocol")
    }
}

private func checkSentence(_ problem: ClientHelloProblem) {
    require(problem.message.utf8.count < 160, "a long sentence")
    require(problem.message.utf8.allSatisfy { (0x20..<0x7f).contains($0) }, "control characters in a sentence")
}

private func checkOtherReader(_ bytes: [UInt8], _ limits: ClientHelloLimits, _ parser: ClientHelloParser) {
    let other = WholeHello(
        bytes, maxBytes: limits.maxBytes, maxNameBytes: limits.maxNameBytes, maxProtocols: limits.maxProtocols,
        maxProtocolBytes: limits.maxProtocolBytes)
    if case .hello(let hello) = parser.outcome {
        let mine = WholeHello(
            serverName: hello.serverName, protocols: hello.protocols, length: parser.bytesTaken)
        require(other == mine, "the other reader reads \(String(describing: other)), not \(mine)")
    } else {
        require(other == nil, "only the other reader reads a hello")
    }
}
