import DocumentCore

/// What the texts show of a peering's JSON. A daemon of another version may leave keys out: what is missing is
/// empty here.
struct PeeringView: Equatable {
    var name = ""
    var id = ""
    var partition = ""
    var deletedAt: String?
    var state = ""
    var meta: [String: String] = [:]
    var peerID = ""
    var serverName = ""
    var caCount = 0
    var serverAddresses: [String] = []
    var importedServices: [String] = []
    var exportedServices: [String] = []
    var lastHeartbeat: String?
    var lastSend: String?
    var lastReceive: String?
    var createIndex: Int64 = 0
    var modifyIndex: Int64 = 0
    /// Why there is no stream; a daemon of Consul does not tell.
    var lastError: String?
    var nextAttempt: String?
    /// `direct` or `local-gateway`, and where to; empty at the accepting end.
    var way = ""
    var remoteAddress = ""
    var bypassesGateways = false
    /// Resources that did not reach the peer, and why.
    var refusals: [String: String] = [:]

    init() {}

    init(_ document: Document) {
        func text(_ key: String) -> String { document[key]?.string ?? "" }
        func texts(_ value: Document?) -> [String] { (value?.list ?? []).compactMap(\.string) }
        name = text("Name")
        id = text("ID")
        partition = text("Partition")
        deletedAt = document["DeletedAt"]?.string
        state = text("State")
        for member in document["Meta"]?.map ?? [] { meta[member.key] = member.value.string ?? "" }
        peerID = text("PeerID")
        serverName = text("PeerServerName")
        caCount = document["PeerCAPems"]?.list?.count ?? 0
        serverAddresses = texts(document["PeerServerAddresses"])
        createIndex = document["CreateIndex"]?.integer ?? 0
        modifyIndex = document["ModifyIndex"]?.integer ?? 0
        readAdditions(document["Hawser"])
        guard let status = document["StreamStatus"] else { return }
        importedServices = texts(status["ImportedServices"])
        exportedServices = texts(status["ExportedServices"])
        lastHeartbeat = status["LastHeartbeat"]?.string
        lastSend = status["LastSend"]?.string
        lastReceive = status["LastReceive"]?.string
    }

    private mutating func readAdditions(_ additions: Document?) {
        lastError = additions?["LastError"]?.string
        nextAttempt = additions?["NextAttempt"]?.string
        way = additions?["Way"]?.string ?? ""
        remoteAddress = additions?["RemoteAddress"]?.string ?? ""
        bypassesGateways = additions?["BypassesGateways"]?.isTrue ?? false
        for member in additions?["Refusals"]?.map ?? [] { refusals[member.key] = member.value.string ?? "" }
    }

    /// `k=v` by key.
    var metaPairs: [String] {
        meta.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
}
