import DocumentCore

/// An explanation of ways through the mesh out of the daemon's answer.
struct MeshView {
    struct Proxy {
        var node: String
        var id: String
        var upstreams: [Way]
    }

    struct Way {
        var name: String
        var peer: String
        var datacenter: String
        var bindPoint: String
        var mode: String
        var level: String
        var place: String
        var way: String
        var sni: String
        var addresses: [String]
        var findings: [String]
    }

    var service: String
    var findings: [String]
    var proxies: [Proxy]

    init(_ answer: Document) {
        service = answer["Service"]?.string ?? ""
        findings = Self.findings(in: answer)
        proxies = (answer["Proxies"]?.list ?? []).map(Proxy.init)
    }

    fileprivate static func findings(in document: Document) -> [String] {
        (document["Findings"]?.list ?? []).compactMap { $0["Message"]?.string }
    }
}

extension MeshView.Proxy {
    fileprivate init(_ document: Document) {
        node = document["Node"]?.string ?? ""
        id = document["ID"]?.string ?? ""
        upstreams = (document["Upstreams"]?.list ?? []).map(MeshView.Way.init)
    }
}

extension MeshView.Way {
    fileprivate init(_ document: Document) {
        func text(_ key: String) -> String { document[key]?.string ?? "" }
        name = text("Name")
        peer = text("Peer")
        datacenter = text("Datacenter")
        bindPoint = text("BindPoint")
        mode = text("Mode")
        level = text("Level")
        place = text("Place")
        way = text("Way")
        sni = text("SNI")
        addresses = (document["Addresses"]?.list ?? []).compactMap(\.string)
        findings = MeshView.findings(in: document)
    }
}
