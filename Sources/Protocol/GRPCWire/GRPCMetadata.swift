/// One header field of a call, as on the wire.
package struct GRPCField: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The application's fields of a call: lower-case names, several values per name, order kept.
///
/// A name that ends in `-bin` carries bytes; they are base64 on the wire and here.
package struct GRPCMetadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package private(set) var fields: [GRPCField] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// The application's part of a received header block.
    init(received block: [GRPCField]) {
        fields = block.filter { !Self.isReserved($0.name) }
    }

    /// Adds a text value. Names are made lower case.
    ///
    /// - Returns: `false`, and nothing is added, if the name is gRPC's own or HTTP's or either has bytes that do not
    ///   belong there.
    @discardableResult
    package mutating func add(_ name: String, _ value: String) -> Bool {
        let lower = name.lowercased()
        guard Self.isName(lower), !Self.isReserved(lower), value.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            return false
        }
        fields.append(GRPCField(lower, value))
        return true
    }

    /// Adds bytes under a name that ends in `-bin`.
    @discardableResult
    package mutating func add(_ name: String, bytes: some Sequence<UInt8>) -> Bool {
        guard name.hasSuffix("-bin") else { return false }
        return add(name, Base64.encode(bytes))
    }

    package func first(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    package func all(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// The first value of a `-bin` name, or `nil` if there is none or it is not base64.
    package func bytes(_ name: String) -> [UInt8]? {
        guard let value = first(name) else { return nil }
        return Base64.decode(value.prefix { $0 != "," })
    }

    package var isEmpty: Bool { fields.isEmpty }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }

    private static func isReserved(_ name: String) -> Bool {
        if name.hasPrefix(":") || name.hasPrefix("grpc-") { return true }
        switch name {
        case "content-type", "te", "connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection",
            "host", "content-length":
            return true
        default:
            return false
        }
    }
}

extension [GRPCField] {
    /// The first value of a name.
    func first(_ name: String) -> String? {
        first { $0.name == name }?.value
    }
}
