/// The same hello read in another way: all bytes at once, put together first and then taken apart. Slower and
/// simpler than the parser, to hold it against; only what is a hello is told, not why something is none.
struct WholeHello: Equatable {
    var serverName: String?
    var protocols: [String] = []
    /// Bytes on the wire.
    var length = 0

    init(serverName: String?, protocols: [String], length: Int) {
        self.serverName = serverName
        self.protocols = protocols
        self.length = length
    }

    private static let hostLetters = Set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    private static let protocolBytes = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/+:".utf8)

    private struct Broken: Error {}

    private struct Cursor {
        var bytes: ArraySlice<UInt8>

        mutating func number(_ size: Int) throws -> Int {
            guard bytes.count >= size else { throw Broken() }
            defer { bytes = bytes.dropFirst(size) }
            return bytes.prefix(size).reduce(0) { $0 << 8 | Int($1) }
        }

        mutating func block(_ size: Int, _ allowed: ClosedRange<Int> = 0...0xffff) throws -> Cursor {
            let count = try number(size)
            guard bytes.count >= count, allowed.contains(count) else { throw Broken() }
            defer { bytes = bytes.dropFirst(count) }
            return Cursor(bytes: bytes.prefix(count))
        }
    }

    /// Nil if the bytes do not start with a whole hello that follows the rules.
    init?(
        _ bytes: [UInt8], maxBytes: Int = 16_384, maxNameBytes: Int = 255, maxProtocols: Int = 16,
        maxProtocolBytes: Int = 512
    ) {
        guard let (message, length) = try? Self.assemble(Array(bytes.prefix(maxBytes))) else { return nil }
        self.length = length
        do {
            try read(message, maxNameBytes)
        } catch {
            return nil
        }
        var left = maxProtocolBytes
        protocols = protocols.filter { name in
            guard !name.isEmpty, name.utf8.count <= left else { return false }
            left -= name.utf8.count
            return true
        }
        protocols = Array(protocols.prefix(maxProtocols))
    }

    /// The payloads of the records, until they hold the message; and how many bytes it took.
    private static func assemble(_ bytes: [UInt8]) throws -> (message: ArraySlice<UInt8>, length: Int) {
        var payload: [UInt8] = []
        var position = 0
        while true {
            if payload.count >= 4 {
                let count = 4 + payload[1...3].reduce(0) { $0 << 8 | Int($1) }
                if payload.count >= count { return (payload[..<count], position - (payload.count - count)) }
            }
            guard bytes.count >= position + 5, bytes[position] == 22, bytes[position + 1] == 3 else { throw Broken() }
            let count = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
            guard (1...16_384).contains(count) else { throw Broken() }
            let end = min(position + 5 + count, bytes.count)
            payload += bytes[(position + 5)..<end]
            position = end
        }
    }

    private mutating func read(_ message: ArraySlice<UInt8>, _ maxNameBytes: Int) throws {
        guard message.first == 1 else { throw Broken() }
        var hello = Cursor(bytes: message.dropFirst(4))
        guard try hello.number(2) >> 8 == 3 else { throw Broken() }
        for _ in 0..<4 { _ = try hello.number(8) }
        _ = try hello.block(1, 0...32)
        guard try hello.block(2, 2...0xffff).bytes.count % 2 == 0 else { throw Broken() }
        _ = try hello.block(1, 1...255)
        guard !hello.bytes.isEmpty else { return }
        var extensions = try hello.block(2)
        guard hello.bytes.isEmpty else { throw Broken() }
        var seen: Set<Int> = []
        while !extensions.bytes.isEmpty {
            let type = try extensions.number(2)
            var body = try extensions.block(2)
            guard type == 0 || type == 16 else { continue }
            guard seen.insert(type).inserted else { throw Broken() }
            let list = try body.block(2, 1...0xffff)
            guard body.bytes.isEmpty else { throw Broken() }
            if type == 0 { try readNames(list, maxNameBytes) } else { try readProtocols(list) }
        }
    }

    private mutating func readNames(_ list: Cursor, _ maxNameBytes: Int) throws {
        var list = list
        while !list.bytes.isEmpty {
            let type = try list.number(1)
            let name = try list.block(2).bytes
            guard type == 0 else { continue }
            guard !name.isEmpty else { throw Broken() }
            guard serverName == nil else { continue }
            guard name.count <= maxNameBytes else { throw Broken() }
            serverName = try Self.host(name)
        }
    }

    private static func host(_ name: ArraySlice<UInt8>) throws -> String {
        guard let text = String(validating: name, as: UTF8.self) else { throw Broken() }
        var labels = text.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        if labels.last == "" { labels.removeLast() }
        guard !labels.isEmpty, name.allSatisfy({ $0 < 0x80 }),
            labels.allSatisfy({ !$0.isEmpty && $0.allSatisfy(hostLetters.contains) }),
            labels.count != 4 || !labels.allSatisfy({ $0.allSatisfy(\.isNumber) })
        else { throw Broken() }
        return labels.joined(separator: ".")
    }

    private mutating func readProtocols(_ list: Cursor) throws {
        var list = list
        while !list.bytes.isEmpty {
            let name = try list.block(1, 1...255).bytes
            // Those that are not kept stand as empty ones, and are taken out at the end.
            protocols.append(name.allSatisfy(Self.protocolBytes.contains) ? String(decoding: name, as: UTF8.self) : "")
        }
    }
}
