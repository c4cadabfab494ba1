import DocumentCore
import Testing

@Suite("What decoders ask for")
struct DocumentShapeTests {
    @Test func isLearnedByRunningThem() {
        let shape = MapShape.learned(.refuse) { map in
            _ = map.string("Name")
            _ = map.string("name")
            _ = map.integer("Port", in: 1...9)
            _ = map.maps("Checks") { check in
                _ = check.duration("Interval")
                check.ignore("Notes")
            }
            return map.map("Any", unknown: .ignore) { $0.stringMap("Meta") }
        }
        #expect(
            shape
                == MapShape([
                    KeyShape("Name", .string), KeyShape("Port", .integer(1...9)),
                    KeyShape(
                        "Checks", .maps(MapShape([KeyShape("Interval", .duration), KeyShape("Notes", .anything)]))),
                    KeyShape("Any", .map(MapShape([KeyShape("Meta", .stringMap)], isOpen: true))),
                ]))
    }

    @Test func isOpenIfTheRestIsTaken() {
        #expect(MapShape.learned(.refuse) { $0.rest() }.isOpen)
    }

    /// A key as the code spells it, and in the three ways in which people do.
    @Test(arguments: [
        ("LocalBindPort", "LocalBindPort", "localBindPort", "local_bind_port"),
        ("local_bind_port", "LocalBindPort", "localBindPort", "local_bind_port"),
        ("TLSMinVersion", "TLSMinVersion", "tlsMinVersion", "tls_min_version"),
        ("tls_server_name", "TLSServerName", "tlsServerName", "tls_server_name"),
        (
            "AllowEnablingPermissiveMutualTLS", "AllowEnablingPermissiveMutualTLS", "allowEnablingPermissiveMutualTLS",
            "allow_enabling_permissive_mutual_tls"
        ),
        ("EnforcingConsecutive5xx", "EnforcingConsecutive5xx", "enforcingConsecutive5xx", "enforcing_consecutive_5xx"),
        (
            "SanitizeXForwardedClientCert", "SanitizeXForwardedClientCert", "sanitizeXForwardedClientCert",
            "sanitize_x_forwarded_client_cert"
        ),
        ("ConnectTimeoutMs", "ConnectTimeoutMs", "connectTimeoutMs", "connect_timeout_ms"),
        ("id", "ID", "id", "id"),
        ("Name", "Name", "name", "name"),
    ])
    func keysAreSpelledInThreeWays(key: String, camel: String, lowerCamel: String, snake: String) {
        #expect(KeySpelling.camel.spell(key) == camel)
        #expect(KeySpelling.lowerCamel.spell(key) == lowerCamel)
        #expect(KeySpelling.snake.spell(key) == snake)
    }

    /// A map, and where its missing key and its unknown one are told to be.
    @Test(arguments: [
        (#"{"peer_nam":1,"b":1}"#, "peer_name", "peer_name"), (#"{"peerNam":1,"b":1}"#, "peerName", "peerName"),
        (#"{"PeerNam":1,"B":1}"#, "PeerName", "PeerName"), (#"{"peername1":1,"b":1}"#, "peer_name", "peer_name"),
    ])
    func problemsSpellKeysAsTheDocumentDoes(text: String, missing: String, suggested: String) throws {
        let collector = ProblemCollector()
        _ = MapReader.read(try JSONReader.read(text), into: collector) { map in
            _ = map.integer("B", in: 0...9)
            if map.string("PeerName") == nil { map.missing("PeerName", "must be set") }
            return ()
        }
        #expect(collector.problems.map(\.path).first == missing)
        #expect(collector.problems.compactMap(\.suggestion) == [suggested])
    }
}
