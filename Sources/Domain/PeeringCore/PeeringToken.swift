import DocumentCore
package import IdentityCore

/// What one operator hands to the other: how to reach and recognise the acceptor, and a secret that works once
/// (protocol section 1).
package struct PeeringToken: Hashable, Sendable {
    /// PEM roots that the acceptor's certificate is verified with. Empty means plain text.
    package var caPEMs: [String]
    package var manualServerAddresses: [String]
    package var serverAddresses: [String]
    package var serverName: String
    /// The acceptor's ID of the peering.
    package var peerID: String
    package var establishmentSecret: SecretText
    package var remote: RemoteInfo
    /// Until when the acceptor takes it, if it says so: Hawser's own, under a key that Consul ignores.
    package var expiresAt: Timestamp?

    package init(
        caPEMs: [String], manualServerAddresses: [String] = [], serverAddresses: [String], serverName: String,
        peerID: String, establishmentSecret: SecretText, remote: RemoteInfo, expiresAt: Timestamp? = nil
    ) {
        self.caPEMs = caPEMs
        self.manualServerAddresses = manualServerAddresses
        self.serverAddresses = serverAddresses
        self.serverName = serverName
        self.peerID = peerID
        self.establishmentSecret = establishmentSecret
        self.remote = remote
        self.expiresAt = expiresAt
    }

    /// More than any token needs: a hundred roots and a thousand addresses fit.
    package static let maxEncodedBytes = 1 << 20

    /// Where to dial, manual addresses before the others.
    package var addressesToDial: [String] { manualServerAddresses.isEmpty ? serverAddresses : manualServerAddresses }

    // MARK: Writing

    /// Compact JSON with every key in the field's order, in padded base64.
    package var encoded: String {
        func list(_ key: String, _ values: [String], _ json: inout JSONWriter) {
            if values.isEmpty { json.nullField(key) } else { json.field(key, values) }
        }
        var json = JSONWriter()
        json.object {
            list("CA", caPEMs, &$0)
            list("ManualServerAddresses", manualServerAddresses, &$0)
            list("ServerAddresses", serverAddresses, &$0)
            $0.field("ServerName", serverName)
            $0.field("PeerID", peerID)
            $0.field("EstablishmentSecret", establishmentSecret.reveal())
            $0.object("Remote") {
                $0.field("Partition", remote.partition)
                $0.field("Datacenter", remote.datacenter)
                if remote.region.isEmpty && remote.zone.isEmpty {
                    $0.nullField("Locality")
                } else {
                    $0.object("Locality") {
                        $0.field("Region", remote.region)
                        $0.field("Zone", remote.zone)
                    }
                }
            }
            if let expiresAt { $0.object("Hawser") { $0.field("ExpiresAt", expiresAt.rfc3339) } }
        }
        return Base64.encode(json.bytes)
    }

    // MARK: Reading

    /// Decodes and checks a token in the order of protocol section 1.5. Certificates are only checked for being
    /// PEM text here; whoever can read X.509 goes on.
    package init(encoded text: String) throws(Refusal) {
        let document = try Self.document(from: text)
        let problems = ProblemCollector()
        let token = MapReader.read(document, unknown: .ignore, into: problems) { Self.read(&$0) }
        guard problems.problems.isEmpty, let token else {
            let reasons = problems.problems.map(\.sentence).joined(separator: "; ")
            throw Refusal(.invalid, "failed to decode token: its content has the wrong shape: \(reasons)")
        }
        self = token
        try validate()
    }

    private static func document(from text: String) throws(Refusal) -> Document {
        let trimmed = text.trimmingWhitespace()
        guard !trimmed.isEmpty else { throw Refusal(.invalid, "failed to decode token: it is empty") }
        guard trimmed.utf8.count <= maxEncodedBytes else {
            throw Refusal(.invalid, "failed to decode token: it is longer than \(maxEncodedBytes) bytes")
        }
        let bytes: [UInt8]
        switch Base64.decode(String(trimmed)) {
        case .success(let decoded):
            bytes = decoded
        case .failure(let error) where error.offset >= trimmed.utf8.count:
            throw Refusal(
                .invalid, "failed to decode token: the base64 text is cut off; copy the whole token, to its end")
        case .failure(let error):
            throw Refusal(
                .invalid, "failed to decode token: illegal base64 data at input byte \(error.offset); copy it again")
        }
        do throws(DocumentError) {
            return try JSONReader.read(bytes)
        } catch {
            throw Refusal(
                .invalid, "failed to decode token: it is base64 of something that is not JSON, or cut off (\(error))")
        }
    }

    private static func read(_ map: inout MapReader) -> PeeringToken? {
        var remote = RemoteInfo()
        let caPEMs = map.strings("CA") ?? []
        let manual = map.strings("ManualServerAddresses") ?? []
        let addresses = map.strings("ServerAddresses") ?? []
        let serverName = map.string("ServerName") ?? ""
        let peerID = map.string("PeerID") ?? ""
        let secret = map.string("EstablishmentSecret") ?? ""
        _ = map.map("Remote") { reader -> Void? in
            remote.partition = reader.string("Partition") ?? ""
            remote.datacenter = reader.string("Datacenter") ?? ""
            return reader.map("Locality") { locality -> Void? in
                remote.region = locality.string("Region") ?? ""
                remote.zone = locality.string("Zone") ?? ""
                return ()
            }
        }
        let expiry = map.map("Hawser") { $0.string("ExpiresAt").flatMap(Timestamp.init(rfc3339:)) }
        return PeeringToken(
            caPEMs: caPEMs, manualServerAddresses: manual, serverAddresses: addresses, serverName: serverName,
            peerID: peerID, establishmentSecret: SecretText(secret), remote: remote,
            expiresAt: expiry ?? nil)
    }

    private func validate() throws(Refusal) {
        for pem in caPEMs where !pem.contains("-----BEGIN ") {
            throw Refusal(.invalid, "peering token invalid CA: no PEM-encoded data found")
        }
        if manualServerAddresses.isEmpty && serverAddresses.isEmpty {
            throw Refusal(.invalid, "peering token server addresses value is empty")
        }
        for address in manualServerAddresses + serverAddresses where HostPort(address) == nil {
            throw Refusal(.invalid, "\(address) is not a valid peering server address")
        }
        if !caPEMs.isEmpty && serverName.isEmpty {
            throw Refusal(.invalid, "peering token server name value is empty")
        }
        let names = [("server name", serverName), ("peer ID", peerID), ("datacenter", remote.datacenter)]
        for (field, name) in names {
            if let problem = NameRule.problem(of: name) {
                throw Refusal(.invalid, "peering token \(field) \(problem)")
            }
        }
        if peerID.isEmpty { throw Refusal(.invalid, "peering token peer ID value is empty") }
        if establishmentSecret.isEmpty {
            throw Refusal(.invalid, "peering token establishment secret value is empty")
        }
    }
}

extension String {
    fileprivate func trimmingWhitespace() -> Substring {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
