import DocumentCore
import FilterCore
import IdentityCore

/// A request target that means something else when it is decoded by the letter of RFC 3986 or encoded again, or that
/// leads somewhere else by its route's captures.
func checkTarget(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let target = RequestTarget(text)
    checkQuery(target.query, Array(text.utf8))
    checkRoute(target.path)
    for shape in shapes {
        _ = taken(outOf: bytes.count) { () throws(Refusal) in try RequestFilter(target.query, over: shape) }
    }
    for key in ["index", "wait", "passing"] {
        _ = taken(outOf: bytes.count) { () throws(Refusal) in try target.query.number(key) }
        _ = taken(outOf: bytes.count) { () throws(Refusal) in try target.query.flag(key) }
        let wait = taken(outOf: bytes.count) { () throws(Refusal) in try target.query.seconds(key) } ?? nil
        require(wait ?? .zero >= .zero, "a time to wait of \(String(describing: wait))")
    }
}

private func checkQuery(_ query: RequestQuery, _ text: [UInt8]) {
    let parts = text.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    var values: [String: [String]] = [:]
    for pair in parts.dropFirst().first?.split(separator: UInt8(ascii: "&")) ?? [] {
        let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let value = halves.count > 1 ? plainlyDecoded(halves[1], plusIsSpace: true) : ""
        values[plainlyDecoded(halves[0], plusIsSpace: true), default: []].append(value)
    }
    for (key, values) in values {
        require(query.has(key) && query[key] == values[0], "\(key) has another value")
        require(query.all(key) == values.filter { !$0.isEmpty }, "\(key) has other values")
        for text in values + [key] {
            require(isSame(percentDecoded(encoded(text)[...]), text), "\(text) does not come back")
            require(isSame(percentDecoded(encoded(text)[...], plusIsSpace: true), text), "\(text) does not come back")
        }
    }
}

/// Some of the API's routes: one of each form.
private let routes = [
    "peerings", "peering/token", "peering/:name", "acl/token/:accessor/clone", "acl/policy/name/:name",
    "config/:kind/:name", "agent/check/update/:id",
].map(RoutePattern.init)

private func checkRoute(_ path: Substring) {
    guard let parts = RoutePattern.parts(of: path) else { return }
    for route in routes {
        guard let captures = route.match(parts) else { continue }
        let open = zip(route.parts, parts).filter { $0.0.first == ":" }.map(\.1)
        require(captures.count == open.count, "\(captures.count) captures")
        for (capture, part) in zip(captures, open) {
            require(isSame(capture, plainlyDecoded(part.utf8, plusIsSpace: false)), "another capture: \(capture)")
        }
        var left = captures[...]
        let again = route.parts.map { $0.first == ":" ? encoded(left.removeFirst()) : $0 }.joined(separator: "/")
        let found = RoutePattern.parts(of: "/v1/\(again)").flatMap(route.match)
        require(found.map { $0.elementsEqual(captures, by: isSame) } == true, "the captures lead somewhere else")
    }
}

/// By the byte: texts are equal in Swift that differ in how their characters are composed.
func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

/// A text with each byte escaped.
func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 { result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16) }
    return result
}

private func plainlyDecoded(_ text: some Sequence<UInt8>, plusIsSpace: Bool) -> String {
    let text = Array(text)
    var bytes: [UInt8] = []
    var index = 0
    while index < text.count {
        if text[index] == 0x25, index + 2 < text.count, let high = digit(text[index + 1]),
            let low = digit(text[index + 2])
        {
            bytes.append(high * 16 + low)
            index += 3
        } else {
            bytes.append(plusIsSpace && text[index] == 0x2B ? 0x20 : text[index])
            index += 1
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
