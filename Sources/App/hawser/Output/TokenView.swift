import DocumentCore
import IdentityCore
import PeeringCore
import TLSEngine

/// What a token says of the cluster that made it: all but the secret.
struct TokenView {
    private let token: PeeringToken
    /// Of a root that cannot be read, why.
    private let roots: [Result<X509Certificate, TLSError>]

    init(_ token: PeeringToken) {
        self.token = token
        self.roots = token.caPEMs.map { pem in
            Result { () throws(TLSError) in try X509Certificate.parsePEM(pem)[0] }
        }
    }

    var text: String {
        var rows = [
            ["Datacenter", token.remote.datacenter], ["Partition", token.remote.partition],
            ["Server name", token.serverName], ["Peering ID", token.peerID],
        ]
        rows = rows.filter { !$0[1].isEmpty }
        rows.append(["Addresses", token.addressesToDial.joined(separator: ", ")])
        if roots.isEmpty { rows.append(["CA", "none: it is dialed without TLS"]) }
        for root in roots {
            switch root {
            case .success(let root):
                rows.append(["CA", root.displayName])
                rows.append(["  SHA-256", Self.fingerprint(root)])
                rows.append(["  Valid", "\(Self.time(root.notBefore)) to \(Self.time(root.notAfter))"])
            case .failure(let error):
                rows.append(["CA", "cannot be read: \(error.message)"])
            }
        }
        rows.append(["Redeemable until", token.expiresAt?.rfc3339 ?? "not said"])
        rows.append(["Secret", token.establishmentSecret.description])
        return Table.render(rows)
    }

    var json: String {
        var json = JSONWriter()
        json.object {
            $0.field("Datacenter", token.remote.datacenter)
            $0.field("Partition", token.remote.partition)
            $0.field("ServerName", token.serverName)
            $0.field("PeerID", token.peerID)
            $0.field("Addresses", token.addressesToDial)
            $0.list("CA", roots) { json, root in
                json.object {
                    switch root {
                    case .success(let root):
                        $0.field("Name", root.displayName)
                        $0.field("SHA256", Self.fingerprint(root))
                        $0.field("NotBefore", Self.time(root.notBefore))
                        $0.field("NotAfter", Self.time(root.notAfter))
                    case .failure(let error):
                        $0.field("Problem", error.message)
                    }
                }
            }
            $0.fieldOrNull("ExpiresAt", token.expiresAt?.rfc3339)
        }
        return json.text
    }

    private static func time(_ seconds: Int64) -> String { Timestamp(seconds: seconds).rfc3339 }

    /// As `openssl x509 -fingerprint -sha256` prints it.
    private static func fingerprint(_ certificate: X509Certificate) -> String {
        certificate.sha256Fingerprint.map { Hex.encode([$0]).uppercased() }.joined(separator: ":")
    }
}
