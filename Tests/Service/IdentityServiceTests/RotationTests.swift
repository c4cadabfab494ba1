import HawserTestKit
import IdentityCore
import NIOCore
import StateCore
import TLSEngine
import TLSTestKit
import Testing

@testable import IdentityService

@Suite struct RotationTests {
    private let now: Int64 = 1_900_000_000

    private func makeStore() async throws -> (store: StateStore, first: ClusterIdentity) {
        let store = try await StateStore(testing: MemoryStorage())
        return (store, try await IdentityMaker.establish(in: store, datacenter: "dc1", now: now))
    }

    /// Whether a dialer that trusts these roots takes the certificate that the cluster presents.
    private func isTrusted(_ identity: ClusterIdentity, by roots: [String]) throws -> Bool {
        let certificate = try ServerCertificate(for: identity, now: now)
        let time = now
        var settings = TLSClientSettings(roots: try roots.flatMap { try X509Certificate.parsePEM($0) })
        settings.verificationTime = { time }
        let pair = try TLSPair(
            client: TLSConnection(client: TLSContext(client: settings), serverName: identity.peeringServerName),
            server: TLSConnection(server: TLSContext(server: TLSServerSettings { certificate.current(for: $0) })))
        pair.start()
        return pair.client.isEstablished
    }

    @Test func aRotationKeepsTheOldRootWithoutItsKey() async throws {
        let (store, first) = try await makeStore()
        let second = try await IdentityMaker.rotate(in: store, now: now + 10)
        #expect(second.roots.count == 2 && second.activeRootID != first.activeRootID)
        #expect(second.rootPEMs == [second.roots[1].certificatePEM, first.rootPEMs[0]])
        #expect(second.roots[0].key == nil && second.roots[0].rotatedOutAt == now + 10)
        #expect(second.trustDomain == first.trustDomain)
        #expect(second.crossCertificatePEMs.count == 1)
        let cross = try X509Certificate.parsePEM(second.crossCertificatePEMs[0])[0]
        let roots = try second.roots.map { try X509Certificate.parsePEM($0.certificatePEM)[0] }
        #expect(cross.isSigned(by: roots[0]) && cross.isCA && cross.subjectKeyID == roots[1].subjectKeyID)
        #expect(cross.notAfter == roots[0].notAfter)
    }

    @Test func whoKnowsAnyTrustedRootConnects() async throws {
        let (store, first) = try await makeStore()
        _ = try await IdentityMaker.rotate(in: store, now: now)
        let third = try await IdentityMaker.rotate(in: store, now: now)
        #expect(third.crossCertificatePEMs.count == 2)
        for root in third.roots { #expect(try isTrusted(third, by: [root.certificatePEM])) }
        #expect(try isTrusted(third, by: third.rootPEMs))
        let stranger = try await makeStore().first
        #expect(try !isTrusted(third, by: stranger.rootPEMs))
        // Without the second root there is no way from the first one to the third.
        let (partly, _) = try await store.apply(RetireRoots(id: third.roots[1].id))
        #expect(try !isTrusted(partly, by: first.rootPEMs))
    }

    @Test func whoMissedItIsNotTrustedAfterTheRetirement() async throws {
        let (store, first) = try await makeStore()
        let second = try await IdentityMaker.rotate(in: store, now: now)
        let (retired, count) = try await store.apply(RetireRoots(id: nil))
        #expect(count == 1 && retired.roots.map(\.id) == [second.activeRootID])
        #expect(retired.crossCertificatePEMs.isEmpty)
        #expect(try isTrusted(retired, by: second.rootPEMs))
        #expect(try !isTrusted(retired, by: first.rootPEMs))
        #expect(try await store.apply(RetireRoots(id: nil)).count == 0)
    }

    @Test func theActiveRootAndAnUnknownOneAreNotRetired() async throws {
        let (store, first) = try await makeStore()
        let active = await #expect(throws: Refusal.self) {
            _ = try await store.apply(RetireRoots(id: first.activeRootID))
        }
        #expect(active?.code == .conflict)
        let unknown = await #expect(throws: Refusal.self) { _ = try await store.apply(RetireRoots(id: "aa:bb")) }
        #expect(unknown?.code == .notFound)
        #expect(store.state.identity == first)
    }

    @Test func thereAreOnlySoManyRoots() async throws {
        let (store, _) = try await makeStore()
        for _ in 1..<ClusterIdentity.maxRoots { _ = try await IdentityMaker.rotate(in: store, now: now) }
        let refusal = await #expect(throws: Refusal.self) { _ = try await IdentityMaker.rotate(in: store, now: now) }
        #expect(refusal?.message == "8 roots are trusted already, and there may be no more: retire the old ones first")
    }

    @Test func aRotatedCAIsReadBackWhole() async throws {
        let storage = MemoryStorage()
        let store = try await StateStore(testing: storage)
        _ = try await IdentityMaker.establish(in: store, datacenter: "dc1", now: now)
        let rotated = try await IdentityMaker.rotate(in: store, now: now)
        let again = try await StateStore(testing: storage).state.identity
        #expect(again?.roots.map(\.crossCertificate) == rotated.roots.map(\.crossCertificate))
        #expect(again == store.state.identity)
    }
}
