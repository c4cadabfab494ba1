import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import PeeringCore

// The bodies of requests: what is refused without a decent reason, and what was read and cannot be written so that it
// is read again.

// MARK: - The catalog

func checkService(_ bytes: [UInt8]) {
    let read = taken(outOf: bytes.count) { () throws(Refusal) in
        try decodeBody(bytes) { ServiceDefinition.registrations(&$0) }
    }
    for registration in read?.value ?? [] {
        checkListed(registration.service) { $0.agentService($1, datacenter: "dc1", contentHash: "0") }
        for check in registration.checks { checkListed(check) { $0.agentCheck($1) } }
    }
}

func checkHealthCheck(_ bytes: [UInt8]) {
    let read = taken(outOf: bytes.count) { () throws(Refusal) in
        try decodeBody(bytes) { CheckDefinition.registered(&$0) }
    }
    if let check = read?.value { checkListed(check) { $0.agentCheck($1) } }
}

func checkCatalog(_ bytes: [UInt8]) {
    let read = taken(outOf: bytes.count) { () throws(Refusal) in try decodeBody(bytes) { CatalogDefinition(&$0) } }
    guard let definition = read?.value, let service = definition.service else { return }
    let entry = instanceEntry(definition, service)
    checkListed(entry) { $0.healthEntry($1) }
    checkListed(entry) { $0.catalogEntry($1) }
}

/// What is listed can be read, and filtered.
private func checkListed<Item>(_ item: Item, _ write: (inout JSONWriter, Item) -> Void) {
    var json = JSONWriter()
    write(&json, item)
    guard let document = try? JSONReader.read(json.bytes) else { fatalError("what is listed cannot be read") }
    require(document.json() == json.bytes, "what is listed is written in another way")
}

// MARK: - Config entries

func checkEntry(_ bytes: [UInt8]) {
    do throws(DocumentProblems) {
        let entry = try ConfigEntry.decode(json: bytes)
        let written = entry.json(createIndex: 7, modifyIndex: 9)
        guard let again = try? ConfigEntry.decode(json: written) else {
            fatalError("what was written is refused: \(String(decoding: written, as: UTF8.self))")
        }
        require(again.json(createIndex: 7, modifyIndex: 9) == written, "what was written is another entry")
        require(again.key == entry.key && again.serviceProtocol == entry.serviceProtocol, "another entry")
    } catch {
        checkProblems(error.problems, of: bytes)
        checkLength(of: error.problems.goMultiError, outOf: bytes.count)
    }
}

// MARK: - Access control

func checkBootstrap(_ bytes: [UInt8]) {
    _ = taken(outOf: bytes.count) { () throws(Refusal) in try BootstrapBody.secret(in: bytes) }
}

func checkPolicy(_ bytes: [UInt8]) {
    guard let policy = taken(outOf: bytes.count, { () throws(Refusal) in try ACLPolicy(body: bytes) }) else { return }
    _ = taken(outOf: bytes.count) { () throws(Refusal) in try policy.check() }
    checkMeaning(of: policy.rules)
}

func checkRules(_ bytes: [UInt8]) {
    do throws(DocumentProblems) {
        checkMeaning(of: try ACLRules.read(String(decoding: bytes, as: UTF8.self)))
    } catch {
        require(!error.problems.isEmpty, "refused without a reason")
        checkLength(of: error.description, outOf: bytes.count)
    }
}

/// Rules say the same twice, and who may write may read.
private func checkMeaning(of rules: ACLRules) {
    var twice = rules
    twice.merge(rules)
    require(twice == rules, "the same rules twice are others")
    let names = rules.named.values.flatMap { Array($0.exact.keys) + Array($0.prefixes.keys) }.prefix(20)
    for fallback in [DefaultAccess.allow, .deny] {
        let authorizer = Authorizer(rules: rules, fallback: fallback)
        for resource in ACLResource.allCases {
            for name in [nil, "", "*"] + names.map(Optional.some) {
                let canRead = authorizer.allows(Permission(resource, .read, on: name))
                let canWrite = authorizer.allows(Permission(resource, .write, on: name))
                require(canRead || !canWrite, "\(resource) may be written and not read")
            }
        }
    }
}

func checkWish(_ bytes: [UInt8]) {
    guard let wish = taken(outOf: bytes.count, { () throws(Refusal) in try ACLTokenRequest(body: bytes) }) else {
        return
    }
    let now = Timestamp(seconds: 1_800_000_000)
    let token = ACLToken(
        accessorID: wish.accessorID, secret: SecretDigest(bytes: []), description: wish.description,
        serviceIdentities: wish.serviceIdentities, nodeIdentities: wish.nodeIdentities, isLocal: wish.isLocal,
        createTime: now, expirationTime: wish.expirationTime)
    _ = taken(outOf: bytes.count) { () throws(Refusal) in try token.checkLife() }
    guard taken(outOf: bytes.count, { () throws(Refusal) in try token.check() }) != nil else { return }
    checkMeaning(of: token.rules(with: [], in: "dc1"))
}

// MARK: - The rest

func checkAuthority(_ bytes: [UInt8]) {
    _ = taken(outOf: bytes.count) { () throws(Refusal) in try decodeBody(bytes) { CAConfigurationBody(&$0) } }
}

func checkInvitation(_ bytes: [UInt8]) {
    let keys = ["PeerName", "Partition", "Meta", "ServerExternalAddresses", "TTL", "Uses", "Note", "PeeringToken"]
    let token = taken(outOf: bytes.count) { () throws(Refusal) in
        try PeeringBody.decode(bytes, keys: keys) { map in
            _ = (map.string("PeerName"), map.string("Partition"), map.stringMap("Meta"), map.string("Note"))
            _ = (map.strings("ServerExternalAddresses"), map.duration("TTL"), map.integer("Uses", in: .min ... .max))
            return map.string("PeeringToken") ?? ""
        }
    }
    if let token { checkToken(token) }
}

/// The JSON of a peering token.
func checkOffer(_ bytes: [UInt8]) {
    checkToken(Base64.encode(bytes))
    checkToken(String(decoding: bytes, as: UTF8.self))
}

private func checkToken(_ text: String) {
    let count = text.utf8.count
    guard let token = taken(outOf: count, { () throws(Refusal) in try PeeringToken(encoded: text) }) else { return }
    require((try? PeeringToken(encoded: token.encoded)) == token, "a token is another one when it was written")
}
