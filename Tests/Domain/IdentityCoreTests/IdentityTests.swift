import Testing

@testable import IdentityCore

@Suite struct IdentityTests {
    private let domain = TrustDomain(clusterID: "11111111-2222-3333-4444-555555555555")

    @Test func namesOfACluster() {
        let td = "11111111-2222-3333-4444-555555555555.consul"
        #expect(domain.description == td)
        #expect(domain.peeringServerName(datacenter: "dc1") == "server.dc1.peering.\(td)")
        #expect(
            domain.exportedServiceSNI(service: "web", peer: "island") == "web.default.default.island.external.\(td)")
        #expect(domain.signingID == "spiffe://\(td)")
        #expect(domain.serverID(datacenter: "dc1") == "spiffe://\(td)/agent/server/dc/dc1")
        #expect(domain.serviceID(service: "web", datacenter: "dc1") == "spiffe://\(td)/ns/default/dc/dc1/svc/web")
        #expect(domain.meshGatewayID(datacenter: "dc1") == "spiffe://\(td)/gateway/mesh/dc/dc1")
    }

    @Test func secretsDoNotShow() {
        let secret = SecretText("top")
        #expect("\(secret)" == "hidden")
        #expect(String(reflecting: secret) == "hidden")
        #expect(!String(describing: ["a": secret]).contains("top"))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("top"))
        #expect(secret.reveal() == "top")
    }

    @Test func digestsAreReadBackFromHex() {
        let digest = SecretDigest(bytes: Array(0..<32))
        #expect(SecretDigest(hex: digest.hex) == digest)
        #expect(SecretDigest(bytes: Array(1..<33)) != digest)
        for wrong in ["", "00", String(repeating: "0", count: 63), String(repeating: "g", count: 64)] {
            #expect(SecretDigest(hex: wrong) == nil)
        }
    }

    @Test func idsHaveTheFieldsForm() {
        let text = RandomID.text(from: Array(repeating: 0xAB, count: 16))
        #expect(text == "abababab-abab-abab-abab-abababababab")
        #expect(RandomID.isPlausible(text))
        // No version bits are asked for, and hyphens may stand anywhere.
        #expect(RandomID.isPlausible("ffffffff-ffff-ffff-ffff-ffffffffffff"))
        #expect(RandomID.isPlausible(String(repeating: "a", count: 36)))
        for wrong in ["", "abc", text + "0", String(text.dropLast()) + "g", String(repeating: "-", count: 36)] {
            #expect(!RandomID.isPlausible(wrong), "\(wrong)")
        }
    }

    @Test func theActiveRootComesFirst() {
        func root(_ id: String) -> CARoot {
            CARoot(
                id: id, name: id, certificatePEM: "PEM \(id)\n", serialHex: "01", notBefore: 0, notAfter: 1, key: nil)
        }
        let identity = ClusterIdentity(
            trustDomain: domain, datacenter: "dc1", nodeID: "n", roots: [root("old"), root("new")],
            activeRootID: "new")
        #expect(identity.rootPEMs == ["PEM new\n", "PEM old\n"])
        #expect(identity.activeRoot?.id == "new")
    }
}
