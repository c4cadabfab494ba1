// Keys as Consul matches them, and the guess of what a wrong one was meant to be.

/// Whether two keys are one when case and underscores do not count: `PeerName` and `peer_name`.
package func keysMatch(_ left: String, _ right: String) -> Bool {
    var left = left.utf8.makeIterator()
    var right = right.utf8.makeIterator()
    while true {
        let one = nextByte(&left)
        guard one == nextByte(&right) else { return false }
        if one == nil { return true }
    }
}

private func nextByte(_ bytes: inout String.UTF8View.Iterator) -> UInt8? {
    while let byte = bytes.next() {
        if byte == UInt8(ascii: "_") { continue }
        return (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
    return nil
}

/// The bytes of a key in the form in which keys are compared.
func normalisedKey(_ key: String) -> [UInt8] {
    var iterator = key.utf8.makeIterator()
    var bytes: [UInt8] = []
    while let byte = nextByte(&iterator) { bytes.append(byte) }
    return bytes
}

/// The known key that is closest to a mistyped one, if any is close: at most one edit in three characters.
package func nearest(to key: String, among known: some Sequence<String>) -> String? {
    let wrong = normalisedKey(key)
    guard wrong.count <= 64 else { return nil }
    var best: (key: String, distance: Int)?
    for candidate in known {
        let distance = editDistance(wrong, normalisedKey(candidate))
        if distance <= max(1, wrong.count / 3), distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.key
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
            var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
