import DocumentCore

/// A plan of exports out of the daemon's answer.
struct ExportPlanView {
    struct Peer {
        var name: String
        var hasPeering: Bool
        var gained: Int64
        var lost: Int64
        var lostPercent: Int64
        var isOverLimit: Bool
        var services: [Service]
    }

    struct Service {
        var name: String
        var change: String
        var instances: Int64
        var bytes: Int64
        var fits: Bool
    }

    var withdrawLimit: Int64
    var maxMessageBytes: Int64
    var peers: [Peer]

    init(_ answer: Document) {
        withdrawLimit = answer["WithdrawLimitPercent"]?.integer ?? 0
        maxMessageBytes = answer["MaxMessageBytes"]?.integer ?? 0
        peers = (answer["Peers"]?.list ?? []).map(Peer.init)
    }
}

extension ExportPlanView.Peer {
    fileprivate init(_ document: Document) {
        name = document["Peer"]?.string ?? ""
        hasPeering = document["HasPeering"]?.isTrue ?? false
        gained = document["Gained"]?.integer ?? 0
        lost = document["Lost"]?.integer ?? 0
        lostPercent = document["LostPercent"]?.integer ?? 0
        isOverLimit = document["IsOverLimit"]?.isTrue ?? false
        services = (document["Services"]?.list ?? []).map(ExportPlanView.Service.init)
    }
}

extension ExportPlanView.Service {
    fileprivate init(_ document: Document) {
        name = document["Service"]?.string ?? ""
        change = document["Change"]?.string ?? ""
        instances = document["Instances"]?.integer ?? 0
        bytes = document["Bytes"]?.integer ?? 0
        fits = document["Fits"]?.isTrue ?? false
    }
}
