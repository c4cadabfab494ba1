import Foundation
import TLSTestKit
import Testing

@testable import TLSEngine

@Suite("TLS certificates")
struct CertificateTests {
    @Test func rootHasTheFormOfConsulsBuiltInCA() throws {
        let ca = try TestCA()
        let root = ca.root
        #expect(root.commonName == "pri-testtest.consul.ca.11111111.consul")
        #expect(root.subject == "CN=pri-testtest.consul.ca.11111111.consul" && root.issuer == root.subject)
        #expect(root.uris == ["spiffe://\(TestCA.trustDomain)"] && root.dnsNames == [])
        #expect(!root.isSubjectAltNameCritical)
        #expect(root.isCA)
        #expect(root.keyUsage == [.digitalSignature, .certificateSign, .crlSign])
        #expect(root.extendedKeyUsage == nil)
        #expect(root.subjectKeyID?.count == 32 && root.subjectKeyID == root.authorityKeyID)
        #expect(root.notAfter - root.notBefore == 87_600 * 3600)
        #expect(root.isSigned(by: root))
    }

    @Test func leafHasTheFormOfConsulsServerCertificate() throws {
        let ca = try TestCA()
        let identity = try ca.identity()
        let leaf = identity.certificate
        #expect(leaf.subject == "" && leaf.commonName == nil && leaf.issuer == ca.root.subject)
        #expect(leaf.dnsNames == [TestCA.serverName])
        #expect(leaf.uris == ["spiffe://\(TestCA.trustDomain)/agent/server/dc/dc1"])
        #expect(leaf.isSubjectAltNameCritical && !leaf.isCA)
        #expect(leaf.keyUsage == [.digitalSignature, .keyEncipherment, .dataEncipherment, .keyAgreement])
        #expect(leaf.extendedKeyUsage == [.serverAuth, .clientAuth])
        #expect(leaf.subjectKeyID?.count == 32 && leaf.authorityKeyID == ca.root.subjectKeyID)
        #expect(leaf.notBefore == TestCA.now - 60 && leaf.notAfter - leaf.notBefore == 3 * TestCA.day)
        #expect(leaf.isSigned(by: ca.root) && !ca.root.isSigned(by: leaf))
        #expect(leaf.displayName == TestCA.serverName)
        try leaf.verify(roots: [ca.root], serverName: TestCA.serverName, at: TestCA.now)
    }

    @Test func serialNumbersAreLongAndDiffer() throws {
        let ca = try TestCA()
        let serials = try (0..<20).map { _ in try ca.identity().certificate.serialNumber }
        #expect(Set(serials).count == 20)
        // 16 bytes, first digit 4 to 7: positive and of full length.
        #expect(serials.allSatisfy { $0.count == 32 && ("4"..."7").contains(String($0.prefix(1))) })
    }

    @Test func onlyCAsSign() throws {
        let ca = try TestCA()
        let key = try PrivateKey.generateP256()
        let leaf = try ca.issuer.issueLeaf(.init(dnsNames: ["a"], uris: [], now: TestCA.now), for: key)
        #expect(throws: TLSError(.invalidInput, "")) { _ = try CertificateIssuer(certificate: leaf, key: key) }
        #expect(throws: TLSError(.invalidInput, "")) { _ = try CertificateIssuer(certificate: ca.root, key: key) }
        #expect(throws: TLSError(.invalidInput, "")) { _ = try TLSIdentity(certificate: ca.root, key: key) }
    }

    @Test(arguments: ["", "a,DNS:b", "a b", "a\nb", "a\0b", "ä.example"])
    func namesThatCouldMisleadAreRefused(name: String) throws {
        let issue = { try TestCA().identity(for: name) }
        // A comma is harmless as a character of one name: it must not become two names.
        if name.contains(",") {
            #expect(try issue().certificate.dnsNames == [name])
        } else {
            #expect(throws: TLSError(.invalidInput, "")) { _ = try issue() }
        }
    }

    // MARK: - Texts

    @Test func pemAndDERRoundTrip() throws {
        let root = try TestCA().root
        #expect(
            root.pem.hasPrefix("-----BEGIN CERTIFICATE-----\n") && root.pem.hasSuffix("-----END CERTIFICATE-----\n"))
        #expect(try X509Certificate.parsePEM(root.pem) == [root])
        #expect(try X509Certificate(der: root.der) == root)
        #expect(Crypto.sha256(root.der) == root.sha256Fingerprint)
        #expect(throws: TLSError(.invalidInput, "")) { _ = try X509Certificate(der: root.der + [0]) }
        #expect(throws: TLSError(.invalidInput, "")) { _ = try X509Certificate(der: Array(root.der.dropLast())) }
    }

    @Test func bundleOfSeveralBlocks() throws {
        let first = try TestCA()
        let second = try TestCA()
        let key = try first.issuer.key.exportPEM()
        let text = "# first\n\(first.root.pem)\n\(key)\r\n# second\n\(second.root.pem)trailing"
        #expect(try X509Certificate.parsePEM(text) == [first.root, second.root])
    }

    @Test(arguments: [
        "", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nno base64!\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n",
    ])
    func unusablePEMIsRefused(text: String) throws {
        #expect(throws: TLSError(.invalidInput, "")) { _ = try X509Certificate.parsePEM(text) }
        #expect(throws: TLSError(.invalidInput, "")) { _ = try PrivateKey(pem: text) }
        // Damage behind a good certificate is not overlooked.
        if text.contains("BEGIN") {
            let good = try TestCA().root.pem
            #expect(throws: TLSError(.invalidInput, "")) { _ = try X509Certificate.parsePEM(good + text) }
        }
    }

    @Test func pemIsBounded() throws {
        let root = try TestCA().root.pem
        let tooMany = String(repeating: root, count: X509Certificate.pemCertificateLimit + 1)
        #expect(throws: TLSError(.invalidInput, "")) { _ = try X509Certificate.parsePEM(tooMany) }
        let tooLong = root + String(repeating: "\n", count: X509Certificate.pemByteLimit)
        #expect(throws: TLSError(.invalidInput, "")) { _ = try X509Certificate.parsePEM(tooLong) }
    }

    // MARK: - Keys

    @Test func keysRoundTripAndNeverPrintThemselves() throws {
        let key = try PrivateKey.generateP256()
        let pem = try key.exportPEM()
        #expect(pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n") && pem.hasSuffix("-----END PRIVATE KEY-----\n"))
        #expect(try PrivateKey(pem: pem).exportPEM() == pem)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(text.contains("PrivateKey(EC, 256 bits)") || text.contains("PrivateKey"))
            #expect(pem.split(separator: "\n").allSatisfy { !text.contains($0) })
        }
    }

    @Test func keyOfAnotherCertificateIsNoticed() throws {
        let ca = try TestCA()
        let (first, second) = (try PrivateKey.generateP256(), try PrivateKey.generateP256())
        let leaf = try ca.issuer.issueLeaf(.init(dnsNames: ["a"], uris: [], now: TestCA.now), for: first)
        #expect(first.matches(leaf) && !second.matches(leaf))
        let identity = try TLSIdentity(chainPEM: leaf.pem + ca.root.pem, keyPEM: first.exportPEM())
        #expect(identity.certificate == leaf && identity.intermediates == [ca.root])
    }

    // MARK: - Consul's own

    private static func fixture(_ name: String) throws -> X509Certificate {
        let tests = URL(fileURLWithPath: #filePath).pathComponents.dropLast(3).joined(separator: "/")
        let text = try String(contentsOfFile: "\(tests)/Fixtures/consul/tls/\(name)", encoding: .utf8)
        return try #require(X509Certificate.parsePEM(text).first)
    }

    private static let consulName = "server.dc1.peering.3e3da7e3-5610-c97d-ed10-16bf0c04b85d.consul"
    /// 2026-11-21T00:00:00Z, within the validity of the captured leaves.
    private static let consulTime: Int64 = 1_795_219_200

    @Test func consulsRootIsRead() throws {
        let root = try Self.fixture("connect-root.dc1.pem")
        #expect(root.commonName == "pri-16p24hfh.consul.ca.3e3da7e3.consul")
        #expect(root.serialNumber == "07" && root.isCA)
        #expect(root.uris == ["spiffe://3e3da7e3-5610-c97d-ed10-16bf0c04b85d.consul"])
        #expect(root.keyUsage == [.digitalSignature, .certificateSign, .crlSign])
        #expect(root.subjectKeyID?.prefix(4) == [0x2d, 0x36, 0xd3, 0xee] && root.authorityKeyID == root.subjectKeyID)
        #expect(root.notBefore == 1_795_209_659 && root.notAfter == root.notBefore + 87_600 * 3600)
        #expect(root.sha256Fingerprint.prefix(4) == [0x69, 0xd4, 0xef, 0x83])
    }

    @Test func consulsServerLeafVerifies() throws {
        let root = try Self.fixture("connect-root.dc1.pem")
        let leaf = try Self.fixture("sni-token-alpn.leaf.pem")
        #expect(leaf.dnsNames == [Self.consulName] && leaf.isSubjectAltNameCritical && leaf.subject == "")
        #expect(leaf.isSigned(by: root))
        try leaf.verify(roots: [root], serverName: Self.consulName, at: Self.consulTime)
        #expect(throws: TLSError(.certificateNameMismatch, "")) {
            try leaf.verify(roots: [root], serverName: "server.dc2.peering.x.consul", at: Self.consulTime)
        }
        #expect(throws: TLSError(.certificateExpired, "")) {
            try leaf.verify(roots: [root], serverName: Self.consulName, at: leaf.notAfter + 1)
        }
        #expect(throws: TLSError(.certificateUntrusted, "")) {
            try leaf.verify(roots: [TestCA().root], serverName: Self.consulName, at: Self.consulTime)
        }
    }

    @Test func consulsServiceLeafIsRead() throws {
        let leaf = try Self.fixture("connect-leaf-web.dc1.pem")
        #expect(leaf.uris == ["spiffe://3e3da7e3-5610-c97d-ed10-16bf0c04b85d.consul/ns/default/dc/dc1/svc/web"])
        #expect(leaf.isSigned(by: try Self.fixture("connect-root.dc1.pem")))
    }

    // MARK: - Crypto

    @Test func digestComparisonAndRandomBytes() throws {
        let digest = Crypto.sha256("abc".utf8)
        #expect(digest.prefix(4) == [0xba, 0x78, 0x16, 0xbf] && digest.count == 32)
        #expect(Crypto.sha256([UInt8]()).prefix(4) == [0xe3, 0xb0, 0xc4, 0x42])
        #expect(Crypto.constantTimeEquals("secret".utf8, "secret".utf8))
        #expect(!Crypto.constantTimeEquals("secret".utf8, "secreT".utf8))
        #expect(!Crypto.constantTimeEquals("secret".utf8, "secre".utf8))
        #expect(Crypto.constantTimeEquals([UInt8](), [UInt8]()))
        #expect(try Crypto.randomBytes(32) != Crypto.randomBytes(32))
        #expect(try Crypto.randomBytes(0) == [])
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00Z"), (951_827_696, "2000-02-29T12:34:56Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
    func timesInErrorsAreReadable(seconds: Int64, text: String) {
        #expect(TLSError.utc(seconds) == text)
    }
}
