import NIOConcurrencyHelpers
import NIOCore
import PeeringWire

@testable import ReplicationService

/// A stream in memory between two daemons, which breaks where a test says: what was on the way is lost then.
///
/// It counts what passes. Heartbeats are its clock: whoever waits for the stream to come to rest waits for so many of
/// them with nothing in between.
final class MemoryLink: Sendable {
    enum Side: Int, CaseIterable, Sendable {
        case acceptor, dialer

        var other: Side { self == .acceptor ? .dialer : .acceptor }
    }

    struct Broken: Error {}

    enum Rest: Sendable {
        case quiet
        /// The stream broke.
        case broken
        /// So many heartbeats passed, and still responses have no answer.
        case unanswered(Int)
    }

    /// Messages on the way to one side.
    fileprivate struct Direction {
        var waiting: [ByteBuffer] = []
        /// Messages besides heartbeats after which the stream breaks.
        var left: Int?
        /// Heartbeats that came since anything else passed, either way.
        var beats = 0
        var isEnded = false
    }

    fileprivate struct Record {
        var directions = [Direction(), Direction()]
        var unanswered: Set<Answer> = []
        var isBroken = false
    }

    /// A response, by the side that must answer it.
    fileprivate struct Answer: Hashable {
        var side: Side
        var nonce: String
    }

    /// Messages on the way to one side at most, so that senders wait.
    private static let capacity = 16

    private let record = NIOLockedValueBox(Record())
    private let arrived = [Pulse(), Pulse()]
    private let emptied = [Pulse(), Pulse()]
    private let passed = Pulse()

    /// - Parameter limits: messages to a side, besides heartbeats, after which the stream breaks.
    init(breakingAfter limits: [Side: Int]) {
        record.withLockedValue { record in
            for (side, limit) in limits { record.directions[side.rawValue].left = limit }
        }
    }

    var isBroken: Bool { record.withLockedValue { $0.isBroken } }

    /// Breaks the stream now.
    func cut() {
        record.withLockedValue { $0.cut() }
        wakeAll()
    }

    /// Lets the stream live until it is cut.
    func keep() {
        record.withLockedValue { record in
            for side in Side.allCases { record.directions[side.rawValue].left = nil }
        }
    }

    func end(_ side: Side) -> End { End(link: self, side: side) }

    /// Waits until every response has its answer, and heartbeats alone have passed for a while. One task waits.
    func rest(heartbeats: Int) async -> Rest {
        while true {
            let rest = record.withLockedValue { $0.rest(heartbeats: heartbeats) }
            if let rest { return rest }
            await passed.wait()
        }
    }

    private func wakeAll() {
        for pulse in arrived + emptied + [passed] { pulse.signal() }
    }

    /// The stream as one side has it.
    struct End: PeerChannel {
        fileprivate let link: MemoryLink
        fileprivate let side: Side

        func receive() async throws -> [ByteBuffer]? {
            while true {
                if let taken = try link.take(for: side) { return taken.isEmpty ? nil : taken }
                await link.arrived[side.rawValue].wait()
                try Task.checkCancellation()
            }
        }

        func send(_ messages: [ByteBuffer]) async throws {
            for message in messages {
                while try !link.put(message, from: side) {
                    await link.emptied[side.other.rawValue].wait()
                    try Task.checkCancellation()
                }
            }
        }

        func endSending() { link.end(from: side) }
    }

    // MARK: What the ends do

    /// - Returns: `nil` if there is nothing yet; nothing at all if nothing will come.
    private func take(for side: Side) throws -> [ByteBuffer]? {
        let taken = try record.withLockedValue { try $0.take(for: side) }
        if isBroken {
            wakeAll()
        } else {
            emptied[side.rawValue].signal()
            passed.signal()
        }
        return taken
    }

    /// - Returns: whether there was room.
    private func put(_ message: ByteBuffer, from side: Side) throws -> Bool {
        let content = try PeerMessage(message)
        let isPut = try record.withLockedValue { record in
            if record.isBroken { throw Broken() }
            let number = side.other.rawValue
            guard record.directions[number].waiting.count < Self.capacity else { return false }
            record.directions[number].waiting.append(message)
            record.note(content, from: side)
            return true
        }
        if isPut { arrived[side.other.rawValue].signal() }
        return isPut
    }

    private func end(from side: Side) {
        record.withLockedValue { $0.directions[side.other.rawValue].isEnded = true }
        arrived[side.other.rawValue].signal()
    }
}

extension MemoryLink.Record {
    fileprivate mutating func cut() {
        isBroken = true
        for side in MemoryLink.Side.allCases { directions[side.rawValue].waiting = [] }
    }

    fileprivate mutating func take(for side: MemoryLink.Side) throws -> [ByteBuffer]? {
        if isBroken { throw MemoryLink.Broken() }
        let waiting = directions[side.rawValue].waiting
        if waiting.isEmpty { return directions[side.rawValue].isEnded ? [] : nil }
        directions[side.rawValue].waiting = []
        var taken: [ByteBuffer] = []
        for message in waiting {
            taken.append(message)
            guard count(try PeerMessage(message), at: side) else {
                // What came before the break is read all the same.
                cut()
                break
            }
        }
        return taken
    }

    /// - Returns: whether more may come.
    private mutating func count(_ message: PeerMessage, at side: MemoryLink.Side) -> Bool {
        if message == .heartbeat {
            directions[side.rawValue].beats += 1
            return true
        }
        somethingPassed()
        guard let left = directions[side.rawValue].left else { return true }
        directions[side.rawValue].left = left - 1
        return left > 1
    }

    /// A message was sent.
    fileprivate mutating func note(_ message: PeerMessage, from side: MemoryLink.Side) {
        if message == .heartbeat { return }
        somethingPassed()
        if case .response(let response) = message {
            unanswered.insert(MemoryLink.Answer(side: side.other, nonce: response.nonce))
        }
        if case .request(let request) = message, !request.responseNonce.isEmpty {
            unanswered.remove(MemoryLink.Answer(side: side, nonce: request.responseNonce))
        }
    }

    private mutating func somethingPassed() {
        for side in MemoryLink.Side.allCases { directions[side.rawValue].beats = 0 }
    }

    fileprivate func rest(heartbeats: Int) -> MemoryLink.Rest? {
        if isBroken { return .broken }
        let beats = directions.map(\.beats).min() ?? 0
        guard beats >= heartbeats else { return nil }
        if unanswered.isEmpty { return .quiet }
        return beats >= 10_000 ? .unanswered(unanswered.count) : nil
    }
}
