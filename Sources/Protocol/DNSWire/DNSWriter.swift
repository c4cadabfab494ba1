/// Builds a message, with names compressed (RFC 1035 section 4.1.4). A name is only pointed at where it stands in the
/// same case: clients compare what they asked for with what they get.
struct DNSWriter {
    private var bytes: [UInt8] = []
    private let maxBytes: Int
    /// Where ends of names stand, by a hash of them.
    private var places: [UInt64: UInt16] = [:]

    /// A pointer has 14 bits.
    private static let maxPointer = 0x3FFF
    private static let maxTextBytes = 255

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
        bytes.reserveCapacity(min(maxBytes, 512))
    }

    mutating func reserveHeader() {
        bytes.append(contentsOf: repeatElement(0, count: DNSReader.headerBytes))
    }

    /// Puts the header in front of what was written.
    consuming func finish(id: UInt16, flags: UInt16, counts: [Int]) -> [UInt8] {
        for (index, value) in ([id, flags] + counts.map { UInt16($0) }).enumerated() { put(value, at: 2 * index) }
        return bytes
    }

    mutating func write(_ question: DNSQuestion) {
        append(name: question.name)
        append(question.type.rawValue)
        append(question.recordClass.rawValue)
    }

    /// Writes records for as long as there is room.
    ///
    /// - Returns: how many found room.
    mutating func write(_ records: [DNSRecord]) -> Int {
        for (index, record) in records.enumerated() {
            let start = bytes.count
            append(record)
            // A count has 16 bits.
            guard bytes.count <= maxBytes, index < UInt16.max else {
                bytes.removeSubrange(start...)
                return index
            }
        }
        return records.count
    }

    private mutating func append(_ record: DNSRecord) {
        append(name: record.name)
        append(record.data.type.rawValue)
        append(RecordClass.internet.rawValue)
        append(record.timeToLive)
        let length = bytes.count
        append(0 as UInt16)
        append(record.data)
        put(UInt16(truncatingIfNeeded: bytes.count - length - 2), at: length)
    }

    private mutating func append(_ data: RecordData) {
        switch data {
        case .a(let address):
            append(address)
        case .aaaa(let address):
            append(address)
        case .ns(let name), .cname(let name), .ptr(let name):
            append(name: name)
        case .soa(let authority):
            append(name: authority.server)
            append(name: authority.mailbox)
            for value in [
                authority.serial, authority.refresh, authority.retry, authority.expire, authority.minimum,
            ] { append(value) }
        case .srv(let priority, let weight, let port, let target):
            append(priority)
            append(weight)
            append(port)
            // RFC 2782: not compressed.
            append(name: target, isCompressed: false)
        case .txt(let text):
            append(text: text)
        }
    }

    /// One or more strings, each after its length.
    private mutating func append(text: [UInt8]) {
        var rest = text[...]
        repeat {
            let part = rest.prefix(Self.maxTextBytes)
            bytes.append(UInt8(part.count))
            bytes.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
        } while !rest.isEmpty
    }

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }

    private mutating func put(_ value: UInt16, at place: Int) {
        bytes[place] = UInt8(value >> 8)
        bytes[place + 1] = UInt8(truncatingIfNeeded: value)
    }

    // MARK: Names

    mutating func append(name: DomainName, isCompressed: Bool = true) {
        let wire = name.wire
        var hashes = Self.hashesOfEnds(of: wire)
        var place = 0
        while wire[place] > 0, let hash = hashes.popLast() {
            if let known = places[hash], matches(wire, from: place, at: Int(known)) {
                if isCompressed { return append(0xC000 | known) }
            } else if bytes.count <= Self.maxPointer {
                places[hash] = UInt16(bytes.count)
            }
            let next = place + 1 + Int(wire[place])
            bytes.append(contentsOf: wire[place..<next])
            place = next
        }
        bytes.append(0)
    }

    /// Of the last label, of the last two, and so on.
    private static func hashesOfEnds(of wire: [UInt8]) -> [UInt64] {
        var starts: [Int] = []
        var place = 0
        while wire[place] > 0 {
            starts.append(place)
            place += 1 + Int(wire[place])
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        return starts.reversed().map { start in
            for byte in wire[start...(start + Int(wire[start]))] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return hash
        }
    }

    /// Whether the end of a name that starts at `from` is the name that was written at `place`.
    private func matches(_ wire: [UInt8], from: Int, at place: Int) -> Bool {
        var from = from
        var place = place
        while place < bytes.count {
            let length = bytes[place]
            if length >= 0xC0 {
                guard place + 1 < bytes.count else { return false }
                let target = Int(length & 0x3F) << 8 | Int(bytes[place + 1])
                guard target < place else { return false }
                place = target
                continue
            }
            guard length == wire[from] else { return false }
            if length == 0 { return true }
            let end = place + 1 + Int(length)
            guard end <= bytes.count, bytes[place..<end] == wire[from...(from + Int(length))] else { return false }
            from += 1 + Int(length)
            place = end
        }
        return false
    }
}
