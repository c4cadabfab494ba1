import CatalogCore

/// What a name below the domain asks for, by its labels alone. Labels that are words of the scheme are known in any
/// case; names are as the client wrote them.
enum NameLookup: Hashable {
    /// Whose services and nodes.
    enum Place: Hashable {
        case own
        case peer(String)

        /// Empty for our own.
        var peerName: String {
            switch self {
            case .own: ""
            case .peer(let name): name
            }
        }
    }

    /// The domain itself.
    case domain
    /// Nothing has this name, but names below it are there: resolvers that go down label by label ask for it.
    case passage(Place)
    case service(String, tag: String?, Place)
    /// What a client of the mesh connects to.
    case mesh(String, Place)
    case node(String, Place)
    case address(IPAddress)
    case nothing

    /// - Parameters:
    ///   - labels: those in front of the domain's.
    ///   - datacenter: the only one whose names are known here.
    init(_ labels: [String], datacenter: String) {
        guard !labels.isEmpty else {
            self = .domain
            return
        }
        let lowered = labels.map { $0.lowercased() }
        let kinds = ["service", "connect", "node", "addr"]
        let position = lowered.lastIndex { kinds.contains($0) || $0.hasPrefix("_") }
        guard let place = Place(position.map { Array(lowered[($0 + 1)...]) } ?? lowered, datacenter: datacenter) else {
            self = .nothing
            return
        }
        guard let position else {
            self = .passage(place)
            return
        }
        let kind = lowered[position]
        // RFC 2782 names may leave `service` out.
        let names = Array(kinds.contains(kind) ? labels[..<position] : labels[...position])
        self = names.isEmpty ? .passage(place) : Self(kind, names, place)
    }

    private init(_ kind: String, _ names: [String], _ place: Place) {
        switch kind {
        case "node": self = .node(names.joined(separator: "."), place)
        case "connect": self = names.count == 1 ? .mesh(names[0], place) : .nothing
        case "addr":
            self = names.count == 1 ? IPAddress(hexadecimal: names[0]).map { .address($0) } ?? .nothing : .nothing
        default: self.init(service: names, place)
        }
    }

    /// `_<service>._<tag>`, or `<tag>.<service>` where a tag may have dots.
    private init(service names: [String], _ place: Place) {
        guard names[names.count - 1].hasPrefix("_") else {
            let tag = names.dropLast().joined(separator: ".")
            self = .service(names[names.count - 1], tag: tag.isEmpty ? nil : tag, place)
            return
        }
        switch names.count {
        case 1:
            self = .passage(place)
        case 2 where names[0].hasPrefix("_"):
            // The protocol that clients put there when they mean none.
            let tag = String(names[1].dropFirst())
            self = .service(String(names[0].dropFirst()), tag: tag.lowercased() == "tcp" ? nil : tag, place)
        default:
            self = .nothing
        }
    }
}

extension NameLookup.Place {
    /// Reads `<datacenter>`, `<datacenter>.dc` or `<peer>.peer`; nothing is the own cluster, and so are `dc` and `peer`
    /// by themselves, on the way to such names.
    fileprivate init?(_ labels: [String], datacenter: String) {
        switch (labels.count, labels.last) {
        case (0, _), (1, "dc"), (1, "peer"): self = .own
        case (1, datacenter): self = .own
        case (2, "dc") where labels[0] == datacenter: self = .own
        case (2, "peer"): self = .peer(labels[0])
        default: return nil
        }
    }
}
