/// What a message asks for.
package struct DNSQuestion: Hashable, Sendable {
    package var name: DomainName
    package var type: RecordType
    package var recordClass: RecordClass

    package init(name: DomainName, type: RecordType, recordClass: RecordClass = .internet) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }
}

/// A client's message: a question that deserves an answer, or what is answered without looking at any name.
package enum DNSRequest: Hashable, Sendable {
    case query(DNSQuery)
    case refused(DNSResponse)

    /// Reads the whole message. Pure; called on any thread.
    ///
    /// - Throws: for bytes that are to be dropped.
    package static func read(_ bytes: [UInt8]) throws(DNSMalformation) -> DNSRequest {
        var reader = DNSReader(bytes)
        let header = try DNSHeader(from: &reader)
        // What follows the header means something else in each of the other operations.
        guard header.operation == 0 else { return .refused(DNSResponse(.notImplemented, to: header)) }
        guard header.questions == 1 else { return .refused(DNSResponse(.formatError, to: header)) }
        let question = DNSQuestion(
            name: try reader.name(), type: RecordType(rawValue: try reader.uint16()),
            recordClass: RecordClass(rawValue: try reader.uint16()))
        try Self.skip(header.answers + header.authorities, &reader)
        var query = DNSQuery(header: header, question: question, extensions: nil)
        for _ in 0..<header.additionals {
            guard let extensions = try DNSExtensions(from: &reader) else { continue }
            guard query.extensions == nil, extensions.isAtRoot else {
                return .refused(DNSResponse(.formatError, to: header))
            }
            query.extensions = extensions
        }
        guard reader.isAtEnd else { throw .trailingBytes }
        if let extensions = query.extensions, extensions.version > 0 {
            return .refused(DNSResponse(.badVersion, to: query))
        }
        return .query(query)
    }

    private static func skip(_ records: Int, _ reader: inout DNSReader) throws(DNSMalformation) {
        for _ in 0..<records { _ = try DNSExtensions(from: &reader) }
    }
}

/// A standard query with one question.
package struct DNSQuery: Hashable, Sendable {
    let header: DNSHeader
    package let question: DNSQuestion
    fileprivate(set) var extensions: DNSExtensions?

    /// What every client takes in a datagram (RFC 1035 section 4.2.1).
    private static let usualDatagramBytes = 512

    /// What the client takes in a datagram.
    ///
    /// - Parameter limit: more is not sent, whatever the client says.
    package func datagramBytes(atMost limit: Int) -> Int {
        min(max(Int(extensions?.datagramBytes ?? 0), Self.usualDatagramBytes), limit)
    }
}

/// The first twelve bytes (RFC 1035 section 4.1.1).
struct DNSHeader: Hashable, Sendable {
    var id: UInt16
    /// The second two bytes of the message.
    var flags: UInt16
    var questions: Int
    var answers: Int
    var authorities: Int
    var additionals: Int

    static let isResponse: UInt16 = 0x8000
    static let isAuthoritative: UInt16 = 0x0400
    static let isTruncated: UInt16 = 0x0200
    /// What an answer repeats: the operation, and what the client said of recursion and of checking signatures.
    static let repeated: UInt16 = 0x7910

    init(from reader: inout DNSReader) throws(DNSMalformation) {
        id = try reader.uint16()
        flags = try reader.uint16()
        questions = Int(try reader.uint16())
        answers = Int(try reader.uint16())
        authorities = Int(try reader.uint16())
        additionals = Int(try reader.uint16())
        guard flags & Self.isResponse == 0 else { throw .isResponse }
    }

    var operation: UInt16 { (flags >> 11) & 0xF }
}

/// The OPT record of a query (RFC 6891 section 6.1): what else the client can do. Its options are not looked at.
struct DNSExtensions: Hashable, Sendable {
    var isAtRoot: Bool
    var datagramBytes: UInt16
    var version: UInt8

    /// Takes one record; nil if it is of another type.
    init?(from reader: inout DNSReader) throws(DNSMalformation) {
        let name = try reader.name()
        let type = RecordType(rawValue: try reader.uint16())
        isAtRoot = name == .root
        datagramBytes = try reader.uint16()
        _ = try reader.uint8()
        version = try reader.uint8()
        _ = try reader.uint16()
        try reader.skip(Int(try reader.uint16()))
        guard type == .opt else { return nil }
    }
}
