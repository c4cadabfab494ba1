import HawserTestKit
import IdentityCore
import StateCore
import TLSEngine
import Testing

@testable import IdentityService

@Suite struct IdentityMakerTests {
    private let now: Int64 = 1_900_000_000

    @Test func theFirstStartMakesARootThatLaterStartsFind() async throws {
        let storage = MemoryStorage()
        let made = try await IdentityMaker.establish(
            in: StateStore(testing: storage), datacenter: "dc1", now: now)
        let found = try await IdentityMaker.establish(
            in: StateStore(testing: storage), datacenter: "dc1", now: now + 86_400)
        #expect(found == made)
        let root = try #require(try X509Certificate.parsePEM(made.rootPEMs[0]).first)
        let short = made.trustDomain.clusterID.prefix(8)
        #expect(root.isCA)
        #expect(root.uris == ["spiffe://\(made.trustDomain)"])
        #expect(root.commonName?.hasPrefix("pri-") == true)
        #expect(root.commonName?.hasSuffix(".consul.ca.\(short).consul") == true)
        #expect(root.commonName?.split(separator: ".").first?.count == 12)
        #expect(made.activeRoot?.id.split(separator: ":").count == root.subjectKeyID?.count)
    }

    @Test func anotherDatacentersDataIsRefused() async throws {
        let storage = MemoryStorage()
        _ = try await IdentityMaker.establish(in: StateStore(testing: storage), datacenter: "dc1", now: now)
        let store = try await StateStore(testing: storage)
        let refusal = await #expect(throws: Refusal.self) {
            _ = try await IdentityMaker.establish(in: store, datacenter: "dc2", now: now)
        }
        #expect(refusal?.code == .conflict)
        #expect(refusal?.message.contains("belongs to datacenter \"dc1\"") == true)
    }

    @Test func aRootWhoseKeyIsAnothersIsRefused() async throws {
        var identity = try await IdentityMaker.establish(
            in: StateStore(testing: MemoryStorage()), datacenter: "dc1", now: now)
        identity.roots[0].key = SecretText(try PrivateKey.generateP256().exportPEM())
        let refusal = #expect(throws: Refusal.self) { _ = try IdentityMaker.issuer(of: identity) }
        #expect(refusal?.code == .failed)
    }

    @Test func aRootOfAnotherClusterIsRefused() async throws {
        var identity = try await IdentityMaker.establish(
            in: StateStore(testing: MemoryStorage()), datacenter: "dc1", now: now)
        identity.trustDomain = TrustDomain(clusterID: "11111111-2222-3333-4444-555555555555")
        let refusal = #expect(throws: Refusal.self) { _ = try IdentityMaker.issuer(of: identity) }
        #expect(refusal?.message.contains("restore the data directory") == true)
    }

    @Test func theServerCertificateIsRenewedInPlace() async throws {
        let identity = try await IdentityMaker.establish(
            in: StateStore(testing: MemoryStorage()), datacenter: "dc1", now: now)
        let holder = try ServerCertificate(for: identity, now: now)
        let first = try #require(holder.current(for: nil)?.certificate)
        #expect(first.dnsNames == ["server.dc1.peering.\(identity.trustDomain)"])
        #expect(first.uris == ["spiffe://\(identity.trustDomain)/agent/server/dc/dc1"])
        #expect(first.isSubjectAltNameCritical && !first.isCA)
        #expect(first.notAfter - first.notBefore == 72 * 3_600)
        try holder.renew(for: identity, now: now + 3_600)
        let second = try #require(holder.current(for: identity.peeringServerName)?.certificate)
        #expect(second.notAfter == first.notAfter + 3_600)
        let root = try #require(try X509Certificate.parsePEM(identity.rootPEMs[0]).first)
        #expect(first.isSigned(by: root) && second.isSigned(by: root))
    }

    @Test func renewalIsDueAtTwoThirdsOfTheLife() {
        var schedule = RenewalSchedule(validity: 1_000...1_300)
        #expect(schedule.wait(now: 1_000) == 200)
        #expect(schedule.wait(now: 1_200) == 0)
        #expect(schedule.wait(now: 5_000) == 0)
        schedule.failed(now: 1_200)
        #expect(schedule.wait(now: 1_200) == RenewalSchedule.retry)
    }

    @Test func renewalIsDueWhenTheClockWasSetBack() {
        var schedule = RenewalSchedule(validity: 1_000...1_300)
        #expect(schedule.wait(now: 999) == 0)
        schedule.failed(now: 900)
        #expect(schedule.wait(now: 900) == RenewalSchedule.retry)
        #expect(schedule.wait(now: 900 + RenewalSchedule.retry) == 0)
        #expect(schedule.wait(now: 899) == 0)
    }
}
