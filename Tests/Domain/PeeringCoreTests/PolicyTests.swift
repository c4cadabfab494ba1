import IdentityCore
import Testing

@testable import PeeringCore

@Suite struct PolicyTests {
    // MARK: Time

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000000001Z", 1),
            ("1969-12-31T23:59:59.5Z", -500_000_000),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
        ] as [(String, Int64)])
    func timesAreReadAndWritten(text: String, nanoseconds: Int64) {
        #expect(Timestamp(rfc3339: text) == Timestamp(nanoseconds: nanoseconds))
        #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
    }

    @Test func goesZeroTimeIsZero() {
        #expect(Timestamp.zero.rfc3339 == "0001-01-01T00:00:00Z")
        #expect(Timestamp(rfc3339: "0001-01-01T00:00:00Z") == .zero)
    }

    @Test(arguments: [
        "", "2000-01-01", "2000-01-01T00:00:00", "2000-01-01T00:00:00+01:00", "2000-13-01T00:00:00Z",
        "2000-00-01T00:00:00Z", "2000-01-32T00:00:00Z", "2000-01-01T24:00:00Z", "2000-01-01T00:60:00Z",
        "2000-01-01T00:00:60Z", "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00.1234567890Z", "-200-01-01T00:00:00Z",
        "2000-01-01T00:00:00,5Z", "9999-12-31T23:59:59Z", "0002-01-01T00:00:00Z", "2000/01/01T00:00:00Z",
    ])
    func whatIsNoTimeThatFitsIsRefused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func extremesAreWritten() {
        #expect(Timestamp(nanoseconds: .max).rfc3339 == "2262-04-11T23:47:16.854775807Z")
        #expect(Timestamp(nanoseconds: .min + 1).rfc3339.hasPrefix("1677-09-21T00:12:43."))
    }

    // MARK: Words

    @Test(arguments: ["a", "0", "island-1", String(repeating: "a", count: 63)])
    func goodNames(name: String) throws {
        try PeeringRules.validateName(name)
    }

    @Test(arguments: ["", "-a", "a-", "A", "a_b", "a.b", "ä", "a b", String(repeating: "a", count: 64)])
    func badNames(name: String) {
        #expect(throws: Refusal.self) { try PeeringRules.validateName(name) }
    }

    @Test func aBadNameIsShownWithEscapes() {
        let refusal = #expect(throws: Refusal.self) { try PeeringRules.validateName("a\u{1B}[2J\n") }
        #expect(refusal?.message.hasPrefix(#"a\u001B[2J\u000A is not a valid peer name"#) == true)
    }

    @Test func metaHasBounds() throws {
        try PeeringRules.validateMeta(["k": String(repeating: "v", count: 512), String(repeating: "k", count: 128): ""])
        let cases: [([String: String], String)] = [
            (["": "v"], "Key cannot be blank"), (["a b": "v"], "Key contains invalid characters"),
            ([String(repeating: "k", count: 129): "v"], "Key is too long"),
            (["consul-x": "v"], "Key prefix 'consul-' is reserved"),
            (["k": String(repeating: "v", count: 513)], "Value is too long"),
            (Dictionary(uniqueKeysWithValues: (0..<65).map { ("k\($0)", "v") }), "more than 64"),
        ]
        for (meta, says) in cases {
            let refusal = #expect(throws: Refusal.self) { try PeeringRules.validateMeta(meta) }
            #expect(refusal?.message.hasPrefix("meta tags failed validation: ") == true)
            #expect(refusal?.message.contains(says) == true)
        }
    }

    // MARK: Dialing

    @Test func waitsDoubleUpToTheCapAndAreJittered() {
        var backoff = DialBackoff()
        var longest: [Duration] = []
        for _ in 0..<10 { longest.append(backoff.attemptFailed(.other, chance: 0)) }
        #expect(longest.prefix(4) == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)])
        #expect(longest.last == .seconds(30))
        #expect(backoff.attemptFailed(.other, chance: 0.5) == .milliseconds(22_500))
        for _ in 0..<200 { #expect(backoff.attemptFailed(.other, chance: 0) == .seconds(30)) }
    }

    @Test func aHealthyStreamClearsTheMemory() {
        var backoff = DialBackoff()
        for _ in 0..<8 { _ = backoff.attemptFailed(.other, chance: 0) }
        backoff.streamEnded(after: .seconds(9))
        #expect(backoff.failureCount == 8)
        backoff.streamEnded(after: .seconds(10))
        #expect(backoff.failureCount == 0)
        #expect(backoff.attemptFailed(.other, chance: 0) == .milliseconds(250))
    }

    @Test func theLeaderIsLookedForQuickly() {
        var backoff = DialBackoff()
        for _ in 0..<5 { #expect(backoff.attemptFailed(.notLeader, chance: 0.9) == .milliseconds(8)) }
        #expect(backoff.attemptFailed(.notLeader, chance: 0) == .milliseconds(16))
        for _ in 0..<40 { _ = backoff.attemptFailed(.notLeader, chance: 0) }
        #expect(backoff.attemptFailed(.notLeader, chance: 0) == .milliseconds(8_192))
        #expect(backoff.attemptFailed(.overloaded, chance: 0) == .milliseconds(8_192))
    }

    @Test func aRefusalWaitsLong() {
        var backoff = DialBackoff()
        #expect(backoff.attemptFailed(.refused, chance: 0) == .seconds(2))
        for _ in 0..<40 { _ = backoff.attemptFailed(.refused, chance: 0) }
        #expect(backoff.attemptFailed(.refused, chance: 0) == .seconds(300))
    }

    private func next(_ ring: inout AddressRing) -> String? { ring.next()?.text }

    @Test func addressesGoRound() {
        var ring = AddressRing(["a:1", "b:1", "c:1"])
        #expect([next(&ring), next(&ring)] == ["a:1", "b:1"])
        ring.replace(with: ["a:1", "b:1", "c:1"])
        #expect([next(&ring), next(&ring)] == ["c:1", "a:1"])
        ring.replace(with: ["2001:db8::1:8503", "", "x:1", "a:70000"])
        // What cannot be dialed is passed over.
        #expect([next(&ring), next(&ring)] == ["x:1", "x:1"])
        ring.replace(with: [])
        #expect(ring.next() == nil)
        ring.replace(with: ["nonsense", ":"])
        #expect(ring.next() == nil)
    }

    @Test func aFollowersHintIsNext() {
        var ring = AddressRing(["h1:1", "h2:1", "h3:1", "h4:1"])
        #expect(next(&ring) == "h1:1")
        ring.attemptFailed(at: "h1:1", leaderHost: "h4")
        #expect(next(&ring) == "h4:1")
        // The hint was old, and so may the next one be: from there it goes round.
        ring.attemptFailed(at: "h4:1", leaderHost: "h1")
        #expect(next(&ring) == "h1:1")
        ring.attemptFailed(at: "h1:1", leaderHost: nil)
        #expect([next(&ring), next(&ring)] == ["h2:1", "h3:1"])
        ring.attemptFailed(at: "h3:1", leaderHost: "h2")
        #expect(next(&ring) == "h2:1")
    }

    @Test(arguments: ["h1", "elsewhere"])
    func aHintThatLeadsNowhereElseIsNotFollowed(host: String) {
        // Several servers behind one host, or a gateway that hides them.
        var ring = AddressRing(["h1:1", "h1:2", "h1:3"])
        #expect(next(&ring) == "h1:1")
        ring.attemptFailed(at: "h1:1", leaderHost: host)
        #expect([next(&ring), next(&ring)] == ["h1:2", "h1:3"])
    }
}
