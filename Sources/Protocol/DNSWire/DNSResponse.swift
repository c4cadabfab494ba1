/// The answer to a query.
package struct DNSResponse: Hashable, Sendable {
    package var code: ResponseCode
    /// Whether the name is ours to answer for.
    package var isAuthoritative = false
    package var answers: [DNSRecord] = []
    package var authorities: [DNSRecord] = []
    /// What the client would ask for next. Left out where there is no room.
    package var additionals: [DNSRecord] = []
    private let header: DNSHeader
    private let question: DNSQuestion?
    private let hasExtensions: Bool

    /// What is said of our own side in the OPT record: as much as paths of the internet carry in one piece.
    package static let ownDatagramBytes: UInt16 = 1_232

    package init(_ code: ResponseCode, to query: DNSQuery) {
        self.code = code
        header = query.header
        question = query.question
        hasExtensions = query.extensions != nil
    }

    /// To a message that was not read further than its header.
    init(_ code: ResponseCode, to header: DNSHeader) {
        self.code = code
        self.header = header
        question = nil
        hasExtensions = false
    }

    /// The message, of at most so many bytes: 512 or more. Answers that find no room are left out, and the client is
    /// told so by TC; it asks again over TCP then.
    package func encoded(maxBytes: Int) -> [UInt8] {
        var writer = DNSWriter(maxBytes: maxBytes - (hasExtensions ? Self.extensionBytes : 0))
        writer.reserveHeader()
        if let question { writer.write(question) }
        let answered = writer.write(answers)
        let isTruncated = answered < answers.count
        // After a gap nothing follows that could be taken for complete.
        let authorized = isTruncated ? 0 : writer.write(authorities)
        var added = isTruncated || authorized < authorities.count ? 0 : writer.write(additionals)
        if hasExtensions {
            writeExtensions(to: &writer)
            added += 1
        }
        var flags = DNSHeader.isResponse | (header.flags & DNSHeader.repeated) | (code.rawValue & 0xF)
        if isAuthoritative { flags |= DNSHeader.isAuthoritative }
        if isTruncated { flags |= DNSHeader.isTruncated }
        let counts = [question == nil ? 0 : 1, answered, authorized, added]
        return writer.finish(id: header.id, flags: flags, counts: counts)
    }

    private static let extensionBytes = 11

    private func writeExtensions(to writer: inout DNSWriter) {
        writer.append(name: .root)
        writer.append(RecordType.opt.rawValue)
        writer.append(Self.ownDatagramBytes)
        // The upper bits of the code, our version, and no flags.
        writer.append((code.rawValue >> 4) << 8)
        writer.append(0 as UInt16)
        writer.append(0 as UInt16)
    }
}
