/// The target that libFuzzer feeds. Beyond crashes and what the address sanitizer sees it stops at an answer that is
/// longer than it may be, that another reader reads differently than it was meant, or that lacks something and does
/// not say so.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let request = try? DNSRequest.read(input) else { return 0 }
    switch request {
    case .refused(let response):
        let message = check(response, 512)
        require(message.answers.isEmpty && message.id == Int(input[0]) << 8 | Int(input[1]), "another refusal")
    case .query(let query):
        checkName(query.question.name)
        let limit = query.datagramBytes(atMost: 4_096)
        require((512...4_096).contains(limit), "a limit of \(limit)")
        for limit in [512, limit, 65_535] { check(answer(to: query, outOf: input), limit) }
    }
    return 0
}

private func checkName(_ name: DomainName) {
    let labels = name.labels
    if labels.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }) { return }
    require(DomainName(labels: labels) == name, "a name is another one by its labels")
}

/// Records that the bytes themselves choose, with names that share their ends with each other and the question.
private func answer(to query: DNSQuery, outOf input: [UInt8]) -> DNSResponse {
    var response = DNSResponse(.success, to: query)
    var names = [query.question.name, .root]
    for (index, byte) in input.enumerated() {
        let tail = names[Int(byte >> 4) % names.count].labels.suffix(4)
        guard let name = DomainName(labels: [words[Int(byte) % words.count]] + tail) else { continue }
        names.append(name)
        let record = DNSRecord(name: name, timeToLive: UInt32(byte), data: data(byte, name, names, input))
        switch index % 5 {
        case 0: response.authorities.append(record)
        case 1: response.additionals.append(record)
        default: response.answers.append(record)
        }
    }
    return response
}

private let words = ["a", "A", "web", "node", "consul", "0a000007", "service-with-a-long-name", "dc1"]

private func data(_ byte: UInt8, _ name: DomainName, _ names: [DomainName], _ input: [UInt8]) -> RecordData {
    switch byte % 8 {
    case 0: .a(UInt32(byte))
    case 1: .aaaa(UInt128(byte))
    case 2: .cname(name)
    case 3: .ptr(names[Int(byte) % names.count])
    case 4: .ns(names[0])
    case 5: .srv(priority: 1, weight: 2, port: 3, target: name)
    case 6: .txt(Array(input.prefix(Int(byte) * 3)))
    default:
        .soa(
            StartOfAuthority(
                server: name, mailbox: names[Int(byte) % names.count], serial: 1, refresh: 2, retry: 3, expire: 4,
                minimum: 5))
    }
}

@discardableResult
private func check(_ response: DNSResponse, _ limit: Int) -> WholeMessage {
    let bytes = response.encoded(maxBytes: limit)
    require(bytes.count <= limit, "\(bytes.count) bytes, and \(limit) are the limit")
    guard let message = try? WholeMessage(bytes) else { fatalError("another reader does not understand it") }
    for (written, read) in [
        (response.answers, message.answers), (response.authorities, message.authorities),
        (response.additionals, message.additionals.filter { $0.type != 41 }),
    ] {
        require(read.count <= written.count, "more than was written")
        for (left, right) in zip(written, read) {
            require(text(left.name) == right.name, "another name")
            require(Int(left.data.type.rawValue) == right.type, "another type")
            require(Int(left.timeToLive) == right.timeToLive, "another time to live")
            if let target = target(left.data) { require(right.data.hasSuffix(target), "another target") }
        }
    }
    require(message.isTruncated == (message.answers.count < response.answers.count), "an untrue TC")
    return message
}

private func target(_ data: RecordData) -> String? {
    switch data {
    case .ns(let name), .cname(let name), .ptr(let name), .srv(_, _, _, let name): text(name)
    case .a, .aaaa, .soa, .txt: nil
    }
}

/// As the other reader writes names.
private func text(_ name: DomainName) -> String {
    if name == .root { return "." }
    var text = ""
    var place = 0
    while name.wire[place] > 0 {
        let end = place + 1 + Int(name.wire[place])
        for byte in name.wire[(place + 1)..<end] {
            text += (33...126).contains(byte) && byte != 46 ? String(UnicodeScalar(byte)) : "\\\(byte)"
        }
        text += "."
        place = end
    }
    return text
}
