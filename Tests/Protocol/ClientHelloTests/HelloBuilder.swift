/// Makes the bytes of a ClientHello, also of one that breaks the rules.
struct HelloBuilder {
    var type: UInt8 = 1
    var version: [UInt8] = [3, 3]
    var random = [UInt8](repeating: 0xab, count: 32)
    var sessionID = [UInt8](repeating: 0xcd, count: 32)
    var cipherSuites: [UInt8] = [0x13, 0x01, 0x13, 0x02, 0xc0, 0x2b]
    var compression: [UInt8] = [0]
    /// Nil leaves even the length out, as clients did before there were extensions.
    var extensions: [HelloExtension]? = []

    init(_ extensions: HelloExtension...) { self.extensions = extensions }

    /// What stands after the message's header.
    var body: [UInt8] {
        var body = version + random
        body += block(1, sessionID) + block(2, cipherSuites) + block(1, compression)
        if let extensions { body += block(2, extensions.flatMap(\.bytes)) }
        return body
    }

    var message: [UInt8] { [type] + block(3, body) }

    /// The message in one record.
    var bytes: [UInt8] { record(message) }

    /// The message in records of so many bytes.
    func records(of size: Int) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap {
            record(Array(message[$0..<min($0 + size, message.count)]))
        }
    }
}

/// One extension, or bytes in the place of one.
struct HelloExtension {
    var bytes: [UInt8]

    init(_ type: UInt16, _ body: [UInt8]) { bytes = number(2, Int(type)) + block(2, body) }
    init(raw bytes: [UInt8]) { self.bytes = bytes }

    /// A server name list of entries that have a type and bytes.
    static func serverNames(_ names: [(type: UInt8, bytes: [UInt8])]) -> HelloExtension {
        HelloExtension(0, block(2, names.flatMap { [$0.type] + block(2, $0.bytes) }))
    }

    static func host(_ name: String) -> HelloExtension { serverNames([(0, Array(name.utf8))]) }

    static func protocols(_ names: [[UInt8]]) -> HelloExtension {
        HelloExtension(16, block(2, names.flatMap { block(1, $0) }))
    }

    static func protocols(_ names: String...) -> HelloExtension { protocols(names.map { Array($0.utf8) }) }

    static func grease(_ value: UInt16, _ count: Int = 0) -> HelloExtension {
        HelloExtension(value, [UInt8](repeating: 0, count: count))
    }

    static func padding(_ count: Int) -> HelloExtension { grease(21, count) }
    static func ticket(_ count: Int) -> HelloExtension { grease(35, count) }
    static func preSharedKey(_ count: Int) -> HelloExtension { grease(41, count) }
    static let earlyData = HelloExtension(42, [])
    static func keyShare(_ count: Int) -> HelloExtension {
        HelloExtension(51, block(2, [0x11, 0xec] + block(2, [UInt8](repeating: 7, count: count))))
    }
    static func encryptedHello(_ count: Int) -> HelloExtension { grease(0xfe0d, count) }
}

/// A number of so many bytes.
func number(_ size: Int, _ value: Int) -> [UInt8] {
    (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// Bytes behind their length.
func block(_ size: Int, _ bytes: [UInt8]) -> [UInt8] { number(size, bytes.count) + bytes }

func record(_ payload: [UInt8], type: UInt8 = 22, version: [UInt8] = [3, 1]) -> [UInt8] {
    [type] + version + block(2, payload)
}
