/// What a service's metadata may be (protocol section 1.3, meta tags). An importer that is a Consul server refuses a
/// service that breaks it, and so do we: what we hold could be handed to one.
enum ServiceMeta {
    static let maxPairs = 64
    static let maxKeyBytes = 128
    static let maxValueBytes = 512
    /// Keys that begin so are the cluster's own.
    private static let reserved = Array("consul-".utf8)

    /// Why these pairs cannot be a service's; nil if they can.
    static func problem(_ meta: [String: String]) -> String? {
        if meta.count > maxPairs {
            return "Node metadata cannot contain more than \(maxPairs) key/value pairs"
        }
        for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
            if let problem = problem(key, value) {
                return "Couldn't load metadata pair ('\(shown(key))', '\(shown(value))'): \(problem)"
            }
        }
        return nil
    }

    private static func problem(_ key: String, _ value: String) -> String? {
        if key.isEmpty { return "Key cannot be blank" }
        if key.utf8.count > maxKeyBytes { return "Key is too long (limit: \(maxKeyBytes) characters)" }
        if !key.utf8.allSatisfy(isKeyByte) { return "Key contains invalid characters" }
        if key.utf8.starts(with: reserved) { return "Key prefix 'consul-' is reserved for internal use" }
        if value.utf8.count > maxValueBytes { return "Value is too long (limit: \(maxValueBytes) characters)" }
        return nil
    }

    /// Whether the bytes are a key that needs no second look.
    static func isKey(_ bytes: Span<UInt8>) -> Bool {
        guard (1...maxKeyBytes).contains(bytes.count) else { return false }
        var isReserved = bytes.count >= reserved.count
        for index in 0..<bytes.count {
            guard isKeyByte(bytes[index]) else { return false }
            if index < reserved.count, bytes[index] != reserved[index] { isReserved = false }
        }
        return !isReserved
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// What a peer sent goes into texts cut.
    private static func shown(_ text: String) -> String {
        text.utf8.count <= 64 ? text : "\(text.prefix(61))..."
    }
}
