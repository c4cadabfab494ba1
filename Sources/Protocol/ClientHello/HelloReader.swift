/// Reads the handshake message of a ClientHello out of the payload of records, field by field, in pieces of any size.
/// It keeps where it is and the two things that it is after, not the message.
///
/// What it holds a client to is what decides where things end: every length must fit in what surrounds it and fill it
/// to the end. What the fields mean is for the server to judge, with two exceptions: the server name and ALPN may
/// come only once, or gateway and server could each read another one.
struct HelloReader: Sendable {
    /// What comes next, in the order of RFC 8446 section 4.1.2.
    private enum Field {
        case header(Header)
        case fixed(Fixed)
        case extensions(Extensions)
        case serverNames(ServerNames)
        case protocols(Protocols)
    }

    private enum Header { case type, length }
    private enum Fixed {
        case version, random, sessionIDLength, sessionID, cipherSuitesLength, cipherSuites, compressionLength
        case compression
    }
    private enum Extensions { case length, type, bodyLength, body }
    private enum ServerNames { case length, nameType, hostLength, host, otherLength, other }
    private enum Protocols { case length, nameLength, name }

    /// What is done with the bytes of a field.
    private enum Content { case number, skipped, host, protocolName }

    /// The extensions that are read (IANA's registry of extension types).
    private enum Known {
        static let serverName = 0
        static let protocols = 16
    }

    private let limits: ClientHelloLimits
    private var field = Field.header(.type)
    /// Bytes of the field that have not come yet.
    private var fieldLeft = 1
    /// The number that the field is, as far as it has come.
    private var number = 0

    /// Bytes of the message that have come.
    private(set) var position = 0
    /// Where its parts end, counted the same way.
    private var messageEnd = 0
    private var extensionEnd = 0

    private var extensionType = 0
    private var sawServerNames = false
    private var sawProtocols = false
    private var host = HostNameBytes()
    private var serverName: String?
    private var protocols: ProtocolNameBytes

    init(limits: ClientHelloLimits) {
        self.limits = limits
        self.protocols = ProtocolNameBytes(limits: limits)
    }

    /// Takes some bytes of the message, and bytes that may follow it.
    /// - Returns: the hello, with the message's last byte.
    mutating func bytesReceived(_ bytes: Span<UInt8>) throws(ClientHelloProblem) -> ClientHello? {
        var index = 0
        while index < bytes.count {
            let end = index + min(fieldLeft, bytes.count - index)
            switch content {
            case .skipped: break
            case .number: for at in index..<end { number = number << 8 | Int(bytes[at]) }
            case .host: for at in index..<end { try host.byteReceived(bytes[at]) }
            case .protocolName: for at in index..<end { protocols.byteReceived(bytes[at]) }
            }
            position += end - index
            fieldLeft -= end - index
            index = end
            // A field of no bytes ends as it begins.
            while fieldLeft == 0 {
                if let hello = try fieldEnded() { return hello }
            }
        }
        return nil
    }

    private var content: Content {
        switch field {
        case .fixed(.random), .fixed(.sessionID), .fixed(.cipherSuites), .fixed(.compression), .extensions(.body),
            .serverNames(.other):
            .skipped
        case .serverNames(.host): serverName == nil ? .host : .skipped
        case .protocols(.name): .protocolName
        case .header, .fixed, .extensions, .serverNames, .protocols: .number
        }
    }

    /// What a field that is complete means, and which is the next.
    private mutating func fieldEnded() throws(ClientHelloProblem) -> ClientHello? {
        switch field {
        case .header(let part): try ended(part)
        case .fixed(let part): return try ended(part)
        case .extensions(let part): return try ended(part)
        case .serverNames(let part): return try ended(part)
        case .protocols(let part): return try ended(part)
        }
        return nil
    }

    private var hello: ClientHello {
        ClientHello(serverName: serverName, protocols: protocols.names)
    }

    /// Makes a field of so many bytes the next one, if what surrounds it has room for it.
    private mutating func begin(_ next: Field, _ count: Int, within end: Int) throws(ClientHelloProblem) {
        guard position + count <= end else {
            throw .malformed("\(Self.describe(next)) of \(count) bytes does not fit in the \(end - position) left")
        }
        field = next
        fieldLeft = count
        number = 0
    }

    private mutating func ended(_ part: Header) throws(ClientHelloProblem) {
        switch part {
        case .type:
            guard number == 1 else {
                throw ClientHelloProblem(
                    .unexpectedMessage, "the first handshake message is of type \(number), and a ClientHello has 1")
            }
            messageEnd = 4
            try begin(.header(.length), 3, within: messageEnd)
        case .length:
            // With the header of at least one record around it.
            guard 5 + 4 + number <= limits.maxBytes else {
                throw ClientHelloProblem(
                    .tooLong, "a ClientHello of \(number) bytes is too long: \(limits.maxBytes) bytes is the limit")
            }
            messageEnd = position + number
            try begin(.fixed(.version), 2, within: messageEnd)
        }
    }

    private mutating func ended(_ part: Fixed) throws(ClientHelloProblem) -> ClientHello? {
        switch part {
        case .version:
            // 3.0 is SSLv3, and TLS 1.3 calls itself 3.3 here; which of them will do is the server's to say.
            guard number >> 8 == 3 else {
                throw .malformed("its version is \(number >> 8).\(number & 0xff), and that of TLS is 3.x")
            }
            try begin(.fixed(.random), 32, within: messageEnd)
        case .random:
            try begin(.fixed(.sessionIDLength), 1, within: messageEnd)
        case .sessionIDLength:
            guard number <= 32 else { throw .malformed("its session ID has \(number) bytes, and 32 is the most") }
            try begin(.fixed(.sessionID), number, within: messageEnd)
        case .sessionID:
            try begin(.fixed(.cipherSuitesLength), 2, within: messageEnd)
        case .cipherSuitesLength:
            guard number >= 2, number % 2 == 0 else {
                throw .malformed("its cipher suites have \(number) bytes, and each has two")
            }
            try begin(.fixed(.cipherSuites), number, within: messageEnd)
        case .cipherSuites:
            try begin(.fixed(.compressionLength), 1, within: messageEnd)
        case .compressionLength:
            guard number >= 1 else { throw .malformed("it has no compression method, not even none") }
            try begin(.fixed(.compression), number, within: messageEnd)
        case .compression:
            // Clients older than extensions end here (RFC 5246 section 7.4.1.2).
            if position == messageEnd { return hello }
            try begin(.extensions(.length), 2, within: messageEnd)
        }
        return nil
    }
}

// MARK: - Extensions

extension HelloReader {
    private mutating func ended(_ part: Extensions) throws(ClientHelloProblem) -> ClientHello? {
        switch part {
        case .length:
            guard position + number == messageEnd else {
                throw .malformed("its extensions are of \(number) bytes where \(messageEnd - position) are left")
            }
            return try nextExtension()
        case .type:
            extensionType = number
            try begin(.extensions(.bodyLength), 2, within: messageEnd)
        case .bodyLength:
            try extensionBegan()
        case .body:
            return try nextExtension()
        }
        return nil
    }

    /// After the last extension the hello is complete.
    private mutating func nextExtension() throws(ClientHelloProblem) -> ClientHello? {
        if position == messageEnd { return hello }
        try begin(.extensions(.type), 2, within: messageEnd)
        return nil
    }

    private mutating func extensionBegan() throws(ClientHelloProblem) {
        let count = number
        guard position + count <= messageEnd else {
            throw .malformed(
                "extension \(extensionType) of \(count) bytes does not fit in the \(messageEnd - position) left")
        }
        extensionEnd = position + count
        switch extensionType {
        case Known.serverName:
            guard !sawServerNames else { throw .malformed("it has two server name extensions") }
            sawServerNames = true
            try begin(.serverNames(.length), 2, within: extensionEnd)
        case Known.protocols:
            guard !sawProtocols else { throw .malformed("it has two ALPN extensions") }
            sawProtocols = true
            try begin(.protocols(.length), 2, within: extensionEnd)
        default:
            try begin(.extensions(.body), count, within: extensionEnd)
        }
    }

    /// Server names and protocols are each one list that fills its extension and is not empty.
    private func checkList(of what: String) throws(ClientHelloProblem) {
        guard number > 0 else { throw .malformed("its list of \(what) is empty") }
        guard position + number == extensionEnd else {
            throw .malformed("its list of \(what) has \(number) bytes where \(extensionEnd - position) are left")
        }
    }

    private mutating func ended(_ part: ServerNames) throws(ClientHelloProblem) -> ClientHello? {
        switch part {
        case .length:
            try checkList(of: "server names")
            try begin(.serverNames(.nameType), 1, within: extensionEnd)
            return nil
        case .nameType:
            // Type 0 is a host. There is no other, but one would start with its length too (RFC 6066 section 3).
            try begin(.serverNames(number == 0 ? .hostLength : .otherLength), 2, within: extensionEnd)
            return nil
        case .hostLength:
            try hostBegan()
            return nil
        case .otherLength:
            try begin(.serverNames(.other), number, within: extensionEnd)
            return nil
        case .host:
            if serverName == nil { serverName = try host.ended() }
        case .other:
            break
        }
        if position == extensionEnd { return try nextExtension() }
        try begin(.serverNames(.nameType), 1, within: extensionEnd)
        return nil
    }

    private mutating func hostBegan() throws(ClientHelloProblem) {
        let count = number
        guard count > 0 else { throw HostNameBytes.problem("is empty") }
        try begin(.serverNames(.host), count, within: extensionEnd)
        guard serverName == nil else { return }
        guard count <= limits.maxNameBytes else {
            throw HostNameBytes.problem("has \(count) bytes, and \(limits.maxNameBytes) is the most")
        }
        host.began(count: count)
    }

    private mutating func ended(_ part: Protocols) throws(ClientHelloProblem) -> ClientHello? {
        switch part {
        case .length:
            try checkList(of: "protocols")
            try begin(.protocols(.nameLength), 1, within: extensionEnd)
        case .nameLength:
            let count = number
            guard count > 0 else { throw .malformed("the name of a protocol is empty") }
            try begin(.protocols(.name), count, within: extensionEnd)
            protocols.nameBegan(count: count)
        case .name:
            protocols.nameEnded()
            if position == extensionEnd { return try nextExtension() }
            try begin(.protocols(.nameLength), 1, within: extensionEnd)
        }
        return nil
    }

    private static func describe(_ field: Field) -> String {
        switch field {
        case .header: "a message header"
        case .fixed(.version), .fixed(.random): "a version and a random"
        case .fixed(.sessionIDLength), .fixed(.sessionID): "a session ID"
        case .fixed(.cipherSuitesLength), .fixed(.cipherSuites): "a list of cipher suites"
        case .fixed(.compressionLength), .fixed(.compression): "a list of compression methods"
        case .extensions(.length): "a list of extensions"
        case .extensions: "an extension"
        case .serverNames: "a server name"
        case .protocols: "the name of a protocol"
        }
    }
}
