/// Walks over the bytes of an `ExportedService` and says whether they are surely right, without allocating.
///
/// It knows the fields that exporters fill, in the order in which Go and we send them. It never refuses: at anything
/// it does not know, and at anything wrong, the caller decodes the message and lets that decide.
enum ServiceScanner {
    /// The number of instances, or `nil` if only decoding can tell.
    static func count(_ bytes: [UInt8], limits: ResourceLimits) -> Int? {
        do {
            let count = try scan(.service, 0..<bytes.count, bytes.span, limits)
            if count > 1 { try InstanceIdentity.requireDistinct(bytes.span) }
            return count
        } catch {
            return nil
        }
    }

    /// The messages that are known here.
    private enum Kind {
        case service, instance, node, nodeService, check
        case texts, serviceAddress, addressEntry, numbers, port, proxy, connect, peerMeta
    }

    private enum Rule {
        case text
        /// A plain name that must be there and must not be empty.
        case name
        /// A plain name that may be empty.
        case optionalName
        case texts
        case number
        case message(Kind)
        case messages(Kind)
        /// Pairs of metadata, within Consul's limits.
        case meta
        case unknown
    }

    /// - Returns: how many repeated messages were in it.
    private static func scan(
        _ kind: Kind, _ range: Range<Int>, _ bytes: Span<UInt8>, _ limits: ResourceLimits
    ) throws(FieldReader.Unusual) -> Int {
        var reader = FieldReader(range)
        var last = 0
        var messages = 0
        var pairs = 0
        var seen: UInt64 = 0
        while let field = try reader.next(in: bytes) {
            let repeats = field.number == last
            guard field.number >= last else { throw FieldReader.Unusual() }
            last = field.number
            seen |= 1 << UInt64(field.number)
            switch (rule(kind, field.number), field.content) {
            case (.text, .range(let range)) where !repeats, (.texts, .range(let range)):
                try validate(range, bytes)
            case (.name, .range(let range)) where !repeats && !range.isEmpty,
                (.optionalName, .range(let range)) where !repeats:
                try requirePlain(range, bytes)
            case (.number, .varint) where !repeats:
                break
            case (.message(let inner), .range(let range)) where !repeats:
                _ = try scan(inner, range, bytes, limits)
            case (.messages(let inner), .range(let range)):
                messages += 1
                let checks = try scan(inner, range, bytes, limits)
                guard inner != .instance || checks <= limits.maxChecks else { throw FieldReader.Unusual() }
            case (.meta, .range(let range)):
                pairs += 1
                guard pairs <= ServiceMeta.maxPairs else { throw FieldReader.Unusual() }
                try scanPair(range, bytes)
            default:
                throw FieldReader.Unusual()
            }
        }
        guard seen & required(kind) == required(kind), kind != .service || messages <= limits.maxInstances else {
            throw FieldReader.Unusual()
        }
        return messages
    }

    private static func scanPair(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FieldReader.Unusual) {
        var reader = FieldReader(range)
        guard let key = try reader.next(in: bytes), key.number == 1 else { throw FieldReader.Unusual() }
        let name = bytes.extracting(try key.range())
        guard ServiceMeta.isKey(name) else { throw FieldReader.Unusual() }
        guard let value = try reader.next(in: bytes) else { return }
        let range = try value.range()
        guard value.number == 2, range.count <= ServiceMeta.maxValueBytes, try reader.next(in: bytes) == nil else {
            throw FieldReader.Unusual()
        }
        try validate(range, bytes)
    }

    /// Of names that exporters usually send; others are looked at one by one.
    private static let maxPlainNameBytes = 255

    /// A short name in ASCII is one by every rule.
    private static func requirePlain(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FieldReader.Unusual) {
        guard range.count <= maxPlainNameBytes else { throw FieldReader.Unusual() }
        for index in range where !(0x20..<0x7F).contains(bytes[index]) { throw FieldReader.Unusual() }
    }

    private static func validate(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FieldReader.Unusual) {
        do {
            _ = try UTF8Span(validating: bytes.extracting(range))
        } catch {
            throw FieldReader.Unusual()
        }
    }

    /// The fields that must be there, as bits.
    private static func required(_ kind: Kind) -> UInt64 {
        switch kind {
        case .instance: 1 << 1 | 1 << 2
        case .node, .nodeService, .check: 1 << 2
        case .service, .texts, .serviceAddress, .addressEntry, .numbers, .port, .proxy, .connect, .peerMeta: 0
        }
    }

    /// The numbers are those of the .proto files.
    private static func rule(_ kind: Kind, _ number: Int) -> Rule {
        switch kind {
        case .service: number == 1 ? .messages(.instance) : .unknown
        case .instance: instanceRule(number)
        case .node: nodeRule(number)
        case .nodeService: nodeServiceRule(number)
        case .check: checkRule(number)
        case .texts: number <= 2 ? .text : .unknown
        case .serviceAddress: number == 1 ? .text : number == 2 ? .number : .unknown
        case .addressEntry: number == 1 ? .text : number == 2 ? .message(.serviceAddress) : .unknown
        case .numbers: number <= 2 ? .number : .unknown
        case .port: number == 2 ? .text : number <= 3 ? .number : .unknown
        case .proxy: number <= 2 ? .optionalName : number == 3 ? .text : number == 4 ? .number : .unknown
        case .connect: number == 1 ? .number : number == 4 ? .message(.peerMeta) : .unknown
        case .peerMeta: number <= 2 ? .texts : number == 3 ? .text : .unknown
        }
    }

    private static func instanceRule(_ number: Int) -> Rule {
        switch number {
        case 1: .message(.node)
        case 2: .message(.nodeService)
        case 3: .messages(.check)
        default: .unknown
        }
    }

    private static func nodeRule(_ number: Int) -> Rule {
        switch number {
        case 2: .name
        case 1, 4: .optionalName
        case 3, 8, 9: .text
        case 5, 6: .messages(.texts)
        case 7: .message(.numbers)
        case 10: .message(.texts)
        default: .unknown
        }
    }

    private static func nodeServiceRule(_ number: Int) -> Rule {
        switch number {
        case 2: .name
        case 3: .optionalName
        case 1, 5, 17, 18: .text
        case 4: .texts
        case 6: .meta
        case 7, 9, 13: .number
        case 8, 14: .message(.numbers)
        case 11: .message(.proxy)
        case 12: .message(.connect)
        case 15: .messages(.addressEntry)
        case 16, 19: .message(.texts)
        case 20: .messages(.port)
        default: .unknown
        }
    }

    private static func checkRule(_ number: Int) -> Rule {
        switch number {
        case 2: .name
        case 1, 7, 8: .optionalName
        case 3...6, 12, 15...18: .text
        case 9: .texts
        case 11: .message(.numbers)
        case 13: .message(.texts)
        case 14: .number
        default: .unknown
        }
    }
}
