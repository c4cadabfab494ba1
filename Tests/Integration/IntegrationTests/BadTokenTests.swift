import DocumentCore
import Foundation
import Testing

@Suite("Tokens that are none", .serialized)
struct BadTokenTests {
    @Test func eachGetsOneClearSentenceAndChangesNothing() async throws {
        try await Clusters.run { clusters in
            let good = try await clusters.token()
            let json = try String(decoding: Data(base64Encoded: good).orThrow("base64"), as: UTF8.self)
            func changed(_ old: String, _ new: String) -> String {
                Data(json.replacingOccurrences(of: old, with: new).utf8).base64EncodedString()
            }
            let address = "127.0.0.1:\(clusters.harbor.peeringPort)"
            let cases: [(String, token: String, says: String)] = [
                ("truncated", String(good.dropLast(7)), "cut off"),
                ("shortened", String(good.prefix(good.count / 2 / 4 * 4)), "cut off"),
                ("not base64", "****", "illegal base64 data"),
                ("not JSON", Data("hello".utf8).base64EncodedString(), "not JSON"),
                ("no server name", changed("\"ServerName\"", "\"Other\""), "server name value is empty"),
                ("no peer ID", changed("\"PeerID\"", "\"Other\""), "peer ID value is empty"),
                ("no secret", changed("\"EstablishmentSecret\"", "\"Other\""), "secret value is empty"),
                ("no address", changed("\"ServerAddresses\"", "\"Other\""), "server addresses value is empty"),
                ("no port", changed(address, "127.0.0.1"), "127.0.0.1 is not a valid peering server address"),
                ("no PEM", changed("BEGIN CERTIFICATE", "BEGIN NOTHING"), "peering token invalid CA"),
                ("nobody there", changed(address, "127.0.0.1:1"), "connection refused"),
            ]
            for (name, token, says) in cases {
                let outcome = try await clusters.establish(token)
                #expect(outcome.code == 1, "\(name)")
                #expect(outcome.errors.contains(says), "\(name): \(outcome.errors)")
                #expect(outcome.errors.split(separator: "\n").count == 1, "\(name): \(outcome.errors)")
            }
            let own = try await clusters.establish(good, at: clusters.harbor, name: "myself")
            #expect(own.code == 1 && own.errors.contains("cannot create a peering within the same cluster"))
            #expect(try await clusters.island.succeed("peering", "list") == "There are no peering connections.\n")
            // None of it used the token up.
            try await clusters.redeem(good)
            let again = try await clusters.establish(good)
            #expect(again.code == 1 && again.errors.contains("a new peering token must be generated"))
        }
    }

    /// A peering that stands is not harmed by a token that cannot be redeemed under its name.
    @Test func aPeeringThatStandsStaysAsItIs() async throws {
        try await Clusters.peered { clusters in
            // What an operator or a peer was told, without what the running stream moves.
            func row() async throws -> Document? {
                try await clusters.island.get("/v1/peerings").list?.first?
                    .without(["StreamStatus", "Hawser"])
            }
            let before = try await row()
            let replaced = try await clusters.token()
            let fresh = try await clusters.token()
            let nobody = Data(
                try String(decoding: Data(base64Encoded: fresh).orThrow("base64"), as: UTF8.self)
                    .replacingOccurrences(of: ":\(clusters.harbor.peeringPort)", with: ":1").utf8
            ).base64EncodedString()
            for token in [replaced, nobody, String(fresh.dropLast(7)), "e30="] {
                let outcome = try await clusters.establish(token)
                #expect(outcome.code == 1)
                #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
                #expect(try await row() == before)
            }
            try await clusters.areInStep()
            #expect(clusters.island.log.components(separatedBy: "the stream is up").count == 2)
        }
    }
}

extension Document {
    /// A map without these keys.
    fileprivate func without(_ keys: Set<String>) -> Document {
        Document(.map((map ?? []).filter { !keys.contains($0.key) }))
    }
}
