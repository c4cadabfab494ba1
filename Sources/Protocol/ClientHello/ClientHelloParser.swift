/// Reads the ClientHello that a TLS connection starts with, out of bytes that come in pieces of any size.
///
/// Feed it each byte once, in order, until the outcome is no longer `needsMore`. The outcome depends on the bytes
/// alone, never on how they were cut, and it comes with the first byte that decides: a hello with its last one, a
/// refusal with the one that breaks a rule. What follows, such as early data, is not looked at.
///
///     var parser = ClientHelloParser()
///     switch parser.receive(bytes) {
///     case .needsMore: …
///     case .hello(let hello): …
///     case .refused(let problem): …
///     }
///
/// It checks what is needed to find the names and to know where the message ends (`HelloReader` says what), and
/// leaves everything else to the server that will answer: versions, ciphers, the order of extensions.
///
/// A value without locks, for one thread at a time. It does not keep the hello: its memory is `memoryBound(_:)` at
/// most, whatever the client sends, and it allocates per name, not per byte.
package struct ClientHelloParser: Sendable {
    package enum Outcome: Sendable, Equatable {
        case needsMore
        case hello(ClientHello)
        case refused(ClientHelloProblem)
    }

    private enum State {
        /// The first bytes are no TLS record, but may become something that has a name.
        case opening(OpeningInspector)
        case recordHeader(RecordHeader)
        /// Inside a record of the hello, of which so many bytes are left.
        case fragment(left: Int)
        case ended
    }

    /// The five bytes before the payload of a record (RFC 8446 section 5.1).
    private struct RecordHeader {
        var seen = 0
        var type: UInt8 = 0
        var length = 0
    }

    private enum RecordType {
        /// Change of cipher, alert, handshake, data, heartbeat.
        static let known: ClosedRange<UInt8> = 20...24
        static let handshake: UInt8 = 22
    }

    /// What a payload without protection may have (RFC 8446 section 5.1).
    private static let maxPayload = 1 << 14

    private let limits: ClientHelloLimits
    private var state = State.recordHeader(RecordHeader())
    private var reader: HelloReader
    private var isFirstRecord = true

    /// The bytes that were needed so far; with a hello, its length on the wire.
    package private(set) var bytesTaken = 0
    /// What the last call said.
    package private(set) var outcome = Outcome.needsMore

    package init(limits: ClientHelloLimits = ClientHelloLimits()) {
        self.limits = limits
        self.reader = HelloReader(limits: limits)
    }

    /// The most bytes of memory that a parser takes, its strings and arrays included: 3.2 KiB by default.
    package static func memoryBound(_ limits: ClientHelloLimits = ClientHelloLimits()) -> Int {
        // Each string and array has a header, and an allocator rounds up.
        let header = 32 + 16
        // While it comes in and as a string; a protocol has a length of one byte.
        let nameBytes = 2 * (limits.maxNameBytes + header) + (255 + header)
        let protocolBytes = limits.maxProtocolBytes + limits.maxProtocols * header
        // An array that grows holds twice its elements, and once more while they move.
        let list = 3 * limits.maxProtocols * MemoryLayout<String>.stride + header
        return MemoryLayout<Self>.stride + nameBytes + protocolBytes + list
    }

    /// Takes the bytes that came since the last call. After the end it says the same again and takes nothing.
    package mutating func receive(_ bytes: Span<UInt8>) -> Outcome {
        guard outcome == .needsMore else { return outcome }
        do throws(ClientHelloProblem) {
            if let hello = try take(bytes) { end(.hello(hello)) }
        } catch {
            end(.refused(error))
        }
        return outcome
    }

    /// The client sends no more, or is given up: what to say of a hello that never came to its end.
    package mutating func inputEnded() -> Outcome {
        guard outcome == .needsMore else { return outcome }
        let message =
            bytesTaken == 0
            ? "the client sent nothing" : "the client sent \(bytesTaken) bytes, and its ClientHello was not complete"
        end(.refused(ClientHelloProblem(.closedEarly, message)))
        return outcome
    }

    private mutating func end(_ last: Outcome) {
        state = .ended
        outcome = last
    }

    private mutating func take(_ bytes: Span<UInt8>) throws(ClientHelloProblem) -> ClientHello? {
        let start = bytesTaken
        // Positions in `bytes`; past the limit none is looked at.
        let end = min(bytes.count, limits.maxBytes - start)
        var index = 0
        while index < end {
            switch state {
            case .opening(var inspector):
                bytesTaken += 1
                if case .problem(let problem) = inspector.byteReceived(bytes[index]) { throw problem }
                state = .opening(inspector)
                index += 1
            case .recordHeader(let header):
                bytesTaken += 1
                state = try afterHeaderByte(bytes[index], of: header)
                index += 1
            case .fragment(let left):
                let count = min(left, end - index)
                let piece = bytes.extracting(index..<index + count)
                let before = reader.position
                let hello = try reader.bytesReceived(piece)
                // Fewer than there were if the hello ended among them.
                bytesTaken += reader.position - before
                if let hello { return hello }
                state = left == count ? .recordHeader(RecordHeader()) : .fragment(left: left - count)
                index += count
            case .ended:
                return nil
            }
        }
        guard bytesTaken < limits.maxBytes else {
            throw ClientHelloProblem(.tooLong, "the ClientHello does not end within \(limits.maxBytes) bytes")
        }
        return nil
    }
}

// MARK: - Records

extension ClientHelloParser {
    private mutating func afterHeaderByte(
        _ byte: UInt8, of before: RecordHeader
    ) throws(ClientHelloProblem) -> State {
        var header = before
        header.seen += 1
        switch header.seen {
        case 1:
            header.type = byte
            if isFirstRecord, !RecordType.known.contains(byte) { return try opened(with: byte) }
            if !isFirstRecord { try checkType(byte) }
        case 2:
            try checkVersion(byte)
            // Bytes of another protocol can look like a record's type, but hardly like type and version.
            try checkType(header.type)
        case 3:
            // Says nothing: clients send 3.1 or 3.3 whatever they want, and servers ignore it.
            break
        case 4:
            header.length = Int(byte) << 8
        default:
            header.length |= Int(byte)
            try checkLength(header.length)
            isFirstRecord = false
            return .fragment(left: header.length)
        }
        return .recordHeader(header)
    }

    private func opened(with byte: UInt8) throws(ClientHelloProblem) -> State {
        var inspector = OpeningInspector()
        if case .problem(let problem) = inspector.byteReceived(byte) { throw problem }
        return .opening(inspector)
    }

    private func checkType(_ type: UInt8) throws(ClientHelloProblem) {
        guard type != RecordType.handshake else { return }
        let name =
            switch type {
            case 20: "a change of cipher"
            case 21: "an alert"
            case 23: "encrypted data"
            case 24: "a heartbeat"
            default: "a record of type \(type)"
            }
        let place = isFirstRecord ? "where its ClientHello must stand" : "in the middle of its ClientHello"
        throw ClientHelloProblem(.unexpectedRecord, "the client sends \(name) \(place)")
    }

    private func checkVersion(_ major: UInt8) throws(ClientHelloProblem) {
        guard major != 3 else { return }
        guard isFirstRecord else { throw .malformed("a record's version is \(major).x, and that of TLS is 3.x") }
        throw ClientHelloProblem(
            .notTLS, "the client does not speak TLS: its second byte is \(hex(major)), that of a record is 0x03")
    }

    private func checkLength(_ length: Int) throws(ClientHelloProblem) {
        // Empty handshake records are forbidden, and would be a way to go on for ever.
        guard length > 0 else { throw .malformed("a record is empty") }
        guard length <= Self.maxPayload else {
            throw .malformed("a record has \(length) bytes, and \(Self.maxPayload) is the most")
        }
    }
}
