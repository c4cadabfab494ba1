package import ACLCore
package import CatalogCore
import DNSWire
package import NameCore
package import Observability
package import StateCore

/// Turns a query's bytes into those of its answer, by what the state is at that moment. Called on any thread; takes
/// microseconds, and waits for nothing.
package struct DNSResponder: Sendable {
    private let settings: NameSettings
    private let store: StateStore
    private let authorize: @Sendable () -> Authorizer?
    private let decodeImported: @Sendable (_ payload: [UInt8]) -> [ServiceInstance]
    private let now: @Sendable () -> Int64
    private let counters = QueryCounters()

    /// - Parameters:
    ///   - authorize: what may be seen at this moment by those who ask, whom DNS does not tell apart; nil if the token
    ///     for that is none.
    ///   - decodeImported: decodes the bytes that a peer sent for one service.
    ///   - now: seconds since 1970.
    package init(
        settings: NameSettings, store: StateStore, authorize: @escaping @Sendable () -> Authorizer?,
        decodeImported: @escaping @Sendable (_ payload: [UInt8]) -> [ServiceInstance],
        now: @escaping @Sendable () -> Int64
    ) {
        self.settings = settings
        self.store = store
        self.authorize = authorize
        self.decodeImported = decodeImported
        self.now = now
    }

    /// - Parameter datagramLimit: of the answer's bytes; nil on TCP, where a length of 16 bits is the limit.
    /// - Returns: nil for what is to be dropped.
    package func answer(_ bytes: [UInt8], datagramLimit: Int?) -> [UInt8]? {
        guard let request = try? DNSRequest.read(bytes) else {
            counters.dropped()
            return nil
        }
        switch request {
        case .refused(let response):
            counters.answered(response.code)
            return response.encoded(maxBytes: datagramLimit ?? Self.maxMessageBytes)
        case .query(let query):
            let room = datagramLimit.map { query.datagramBytes(atMost: $0) } ?? Self.maxMessageBytes
            let response = response(to: query, room)
            counters.answered(response.code)
            return response.encoded(maxBytes: room)
        }
    }

    /// How much was asked so far. May be asked on any task.
    package var metrics: [Metric] { counters.metrics }

    private static let maxMessageBytes = Int(UInt16.max)
    /// An address under a name that is pointed at.
    private static let minRecordBytes = 16

    private func response(to query: DNSQuery, _ room: Int) -> DNSResponse {
        let question = query.question
        guard [.internet, .any].contains(question.recordClass) else { return DNSResponse(.refused, to: query) }
        guard ![.axfr, .ixfr].contains(question.type) else { return DNSResponse(.notImplemented, to: query) }
        guard let authorizer = authorize() else { return DNSResponse(.serverFailure, to: query) }
        var random = QuickRandom()
        // One more than can find room, so that the client hears of what is left out.
        let directory = NameDirectory(
            settings: settings, state: store.state, authorizer: authorizer, maxRecords: room / Self.minRecordBytes + 1,
            now: now(),
            decode: decodeImported)
        let answer = directory.answer(to: question.name.labels, NameInterest(question.type), using: &random)
        return DNSResponse(answer, to: query)
    }
}

/// Numbers good enough to spread clients over instances (SplitMix64): the system's cost a call into the kernel each.
private struct QuickRandom: RandomNumberGenerator {
    private var state: UInt64

    init() {
        var system = SystemRandomNumberGenerator()
        state = system.next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
