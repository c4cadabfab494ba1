/// Why bytes are no DNS message of a client. Nobody is told: who sends such bytes may not be who they seem to be from.
package enum DNSMalformation: Error, Hashable, Sendable {
    /// They end inside of something.
    case cutShort
    /// A message that answers: two servers must not answer each other for ever.
    case isResponse
    /// A label of a kind that was never agreed on.
    case badLabel
    case nameTooLong
    /// A pointer that does not lead back, and so may lead in a circle.
    case badPointer
    /// Something follows the last record.
    case trailingBytes
}

/// Takes a message apart from its front. Every step moves on, so that reading takes no longer than the bytes are.
struct DNSReader {
    private let bytes: [UInt8]
    private var position = 0

    /// Where the first name may stand, and so where the first pointer may lead.
    static let headerBytes = 12

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func uint8() throws(DNSMalformation) -> UInt8 {
        guard position < bytes.count else { throw .cutShort }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func uint16() throws(DNSMalformation) -> UInt16 {
        let high = try uint8()
        return UInt16(high) << 8 | UInt16(try uint8())
    }

    mutating func skip(_ count: Int) throws(DNSMalformation) {
        guard count <= bytes.count - position else { throw .cutShort }
        position += count
    }

    /// A name, with its pointers followed (RFC 1035 section 4.1.4). Each must lead to before the place that the labels
    /// in front of it started at, which ends every chain of them.
    mutating func name() throws(DNSMalformation) -> DomainName {
        var wire: [UInt8] = []
        var place = position
        var start = position
        var end: Int?
        while true {
            guard place < bytes.count else { throw .cutShort }
            let length = bytes[place]
            switch length {
            case 0:
                position = end ?? place + 1
                wire.append(0)
                return DomainName(wire: wire)
            case 1...UInt8(DomainName.maxLabelBytes):
                let next = place + 1 + Int(length)
                guard next <= bytes.count else { throw .cutShort }
                guard wire.count + 1 + Int(length) < DomainName.maxBytes else { throw .nameTooLong }
                wire.append(contentsOf: bytes[place..<next])
                place = next
            case 0xC0...0xFF:
                guard place + 1 < bytes.count else { throw .cutShort }
                end = end ?? place + 2
                let target = Int(length & 0x3F) << 8 | Int(bytes[place + 1])
                guard target < start, target >= Self.headerBytes else { throw .badPointer }
                start = target
                place = target
            default:
                throw .badLabel
            }
        }
    }
}
