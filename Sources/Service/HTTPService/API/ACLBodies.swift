import ACLCore
import DocumentCore
import IdentityCore
import PeeringCore

// The bodies of requests to `/v1/acl`.

/// The body of `PUT /v1/acl/bootstrap`, which may be left out.
enum BootstrapBody {
    static func secret(in bytes: [UInt8]) throws(Refusal) -> SecretText {
        guard !bytes.isEmpty else { return SecretText("") }
        let (text, _) = try decodeBody(bytes, "Request decode failed") { $0.string("BootstrapSecret") ?? "" }
        return SecretText(text ?? "")
    }
}

extension ACLPolicy {
    init(body: [UInt8]) throws(Refusal) {
        let (body, broken) = try decodeBody(body, "Policy decoding failed") { map in
            (
                id: map.string("ID") ?? "", name: map.string("Name") ?? "",
                description: map.string("Description") ?? "", text: map.string("Rules") ?? "",
                datacenters: map.names("Datacenters") ?? []
            )
        }
        if let broken { throw Refusal(.invalid, "Policy decoding failed: \(broken)") }
        guard let body else { throw Refusal(.invalid, "Policy decoding failed: EOF") }
        do throws(DocumentProblems) {
            try self.init(
                id: body.id, name: body.name, description: body.description, text: body.text,
                datacenters: body.datacenters)
        } catch {
            throw Refusal(
                .invalid, "Failed to parse ACL rules: \(error.problems.map(\.description).joined(separator: "; "))")
        }
    }
}

extension ACLTokenRequest {
    init(body: [UInt8]) throws(Refusal) {
        let (wish, broken) = try decodeBody(body, "Token decoding failed") { ACLTokenRequest(&$0) }
        if let broken { throw Refusal(.invalid, "Token decoding failed: \(broken)") }
        self = wish ?? ACLTokenRequest()
    }

    private init(_ map: inout MapReader) {
        self.init()
        accessorID = map.string("AccessorID") ?? ""
        secret = SecretText(map.string("SecretID") ?? "")
        description = map.string("Description") ?? ""
        policies =
            map.maps("Policies") { ACLPolicyLink(id: $0.string("ID") ?? "", name: $0.string("Name") ?? "") } ?? []
        serviceIdentities =
            map.maps("ServiceIdentities") { identity in
                ACLToken.ServiceIdentity(
                    serviceName: identity.string("ServiceName") ?? "",
                    datacenters: identity.names("Datacenters") ?? [])
            } ?? []
        nodeIdentities =
            map.maps("NodeIdentities") { identity in
                ACLToken.NodeIdentity(
                    nodeName: identity.string("NodeName") ?? "", datacenter: identity.name("Datacenter") ?? "")
            } ?? []
        for key in ["Roles", "TemplatedPolicies"] where !(map.member(key)?.value.list ?? []).isEmpty {
            map.invalid(key, "are not kept by hawser: give the token policies, or service and node identities")
        }
        isLocal = map.bool("Local") ?? false
        if let text = map.string("ExpirationTime") {
            expirationTime = Timestamp(rfc3339: text)
            if expirationTime == nil { map.invalid("ExpirationTime", "must be a time such as 2030-01-02T03:04:05Z") }
        }
        expirationTTL = map.duration("ExpirationTTL")?.nanoseconds
    }
}
