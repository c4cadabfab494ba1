import IdentityCore
import Testing

@testable import PeeringCore

@Suite struct TokenTests {
    static let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
    private let token = PeeringToken(
        caPEMs: [pem], manualServerAddresses: ["lb.example:443"], serverAddresses: ["10.0.0.1:8503", "[::1]:8503"],
        serverName: "server.dc1.peering.x.consul", peerID: "0fc3a15c-1d0c-4a8e-9c55-8f2e0a1b2c3d",
        establishmentSecret: SecretText("7d4f0d02-33aa-91e1-5c0e-2b8a6c1d9e4f"),
        remote: RemoteInfo(datacenter: "dc1", region: "r", zone: "z"))

    @Test func aTokenComesBack() throws {
        let read = try PeeringToken(encoded: token.encoded)
        #expect(read == token)
        #expect(read.addressesToDial == ["lb.example:443"])
        #expect(try PeeringToken(encoded: "  \(token.encoded)\n") == token)
        // Line breaks inside, as mail programs make them.
        let broken = token.encoded.enumerated().map { ($0 % 64 == 63 ? "\r\n" : "") + String($1) }.joined()
        #expect(try PeeringToken(encoded: broken) == token)
    }

    @Test func everyKeyIsWrittenAndUnsetOnesAreNull() throws {
        var bare = token
        bare.manualServerAddresses = []
        bare.remote = RemoteInfo(datacenter: "dc1")
        guard case .success(let bytes) = Base64.decode(bare.encoded) else { throw Refusal(.invalid, "base64") }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix(#"{"CA":["#))
        #expect(text.contains(#""ManualServerAddresses":null,"ServerAddresses":["10.0.0.1:8503","[::1]:8503"],"#))
        #expect(text.hasSuffix(#""Remote":{"Partition":"","Datacenter":"dc1","Locality":null}}"#))
    }

    @Test func anExpiryStandsBehindWhatConsulReads() throws {
        var dated = token
        dated.expiresAt = Timestamp(seconds: 1_700_000_000)
        guard case .success(let bytes) = Base64.decode(dated.encoded) else { throw Refusal(.invalid, "base64") }
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(#","Hawser":{"ExpiresAt":"2023-11-14T22:13:20Z"}}"#))
        #expect(try PeeringToken(encoded: dated.encoded) == dated)
    }

    private func refusal(of json: String) -> String? {
        refusal(ofText: Base64.encode(Array(json.utf8)))
    }

    private func refusal(ofText text: String) -> String? {
        do throws(Refusal) {
            _ = try PeeringToken(encoded: text)
            return nil
        } catch {
            #expect(error.code == .invalid)
            return error.message
        }
    }

    @Test func olderTokensAndUnknownKeysAreRead() throws {
        let json = """
            {"ca":null,"SERVERADDRESSES":["10.0.0.1:8502"],"PeerID":"p","EstablishmentSecret":"s","Expires":{"a":[1]}}
            """
        let read = try PeeringToken(encoded: Base64.encode(Array(json.utf8)))
        #expect(read.caPEMs.isEmpty && read.serverName.isEmpty && read.remote == RemoteInfo())
        #expect(read.serverAddresses == ["10.0.0.1:8502"])
    }

    @Test(arguments: [
        (#"{"ServerAddresses":[],"PeerID":"p","EstablishmentSecret":"s"}"#, "server addresses value is empty"),
        (
            #"{"ServerAddresses":["10.0.0.1"],"PeerID":"p","EstablishmentSecret":"s"}"#,
            "10.0.0.1 is not a valid peering server address"
        ),
        (
            #"{"ManualServerAddresses":["a:0"],"ServerAddresses":["b:1"],"PeerID":"p","EstablishmentSecret":"s"}"#,
            "a:0 is not a valid peering server address"
        ),
        (
            #"{"ServerAddresses":["::1:8503"],"PeerID":"p","EstablishmentSecret":"s"}"#,
            "::1:8503 is not a valid peering server address"
        ),
        (
            #"{"CA":["x"],"ServerAddresses":["a:1"],"ServerName":"n","PeerID":"p","EstablishmentSecret":"s"}"#,
            "peering token invalid CA: no PEM-encoded data found"
        ),
        (
            #"{"CA":["-----BEGIN CERTIFICATE-----"],"ServerAddresses":["a:1"],"PeerID":"p","EstablishmentSecret":"s"}"#,
            "peering token server name value is empty"
        ),
        (#"{"ServerAddresses":["a:1"],"EstablishmentSecret":"s"}"#, "peering token peer ID value is empty"),
        (#"{"ServerAddresses":["a:1"],"PeerID":"p"}"#, "peering token establishment secret value is empty"),
        (
            #"{"ServerAddresses":["a:1"],"PeerID":"p\u0000","EstablishmentSecret":"s"}"#,
            #"peering token peer ID must not hold control characters, and "p\u0000" holds U+0000"#
        ),
        (
            #"{"ServerAddresses":["a:1"],"PeerID":"p","ServerName":"s\n","EstablishmentSecret":"s"}"#,
            #"peering token server name must not hold control characters, and "s\u000A" holds U+000A"#
        ),
        (
            #"{"ServerAddresses":["a:1"],"PeerID":"p","EstablishmentSecret":"s","Remote":{"Datacenter":"\u001b[m"}}"#,
            #"peering token datacenter must not hold control characters, and "\u001B[m" holds U+001B"#
        ),
        (#"{"ServerAddresses":{"a":1},"PeerID":"p","EstablishmentSecret":"s"}"#, "wrong shape"),
        ("[1]", "wrong shape"), ("", "is empty"), ("{", "not JSON"), ("nonsense", "not JSON"),
    ])
    func whatIsWrongIsSaid(json: String, says: String) {
        #expect(refusal(of: json)?.contains(says) == true, "\(refusal(of: json) ?? "accepted")")
    }

    @Test func everyTruncationIsRefused() {
        let text = token.encoded
        for length in stride(from: 0, to: text.count, by: 7) {
            #expect(refusal(ofText: String(text.prefix(length))) != nil, "\(length)")
        }
    }

    @Test(arguments: ["a b", "*", "YQ", "YQ=", "Y===", "YQ==x", "YQ-_"])
    func whatIsNoPaddedBase64IsRefused(text: String) {
        #expect(refusal(ofText: text)?.hasPrefix("failed to decode token: ") == true)
    }

    @Test func tokensHaveABound() {
        let text = String(repeating: "A", count: PeeringToken.maxEncodedBytes + 4)
        #expect(refusal(ofText: text)?.contains("longer than") == true)
    }

    @Test(arguments: [
        ("10.0.0.1:8503", "10.0.0.1", 8503), ("[::1]:1", "::1", 1), (":65535", "", 65535), ("a.b:80", "a.b", 80),
    ])
    func addressesAreReadAsGoReadsThem(text: String, host: String, port: Int) {
        #expect(HostPort(text) == HostPort(host: host, port: port))
        #expect(HostPort(text)?.description == text)
    }

    @Test(arguments: [
        "", "a", "a:", "a:x", "a:0", "a:65536", "a:-1", "a:+1", "a:1:2", "::1:2", "[::1]", "[a:1", "a]:1",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(HostPort(text) == nil)
    }
}
