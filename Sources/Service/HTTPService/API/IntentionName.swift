import ConfigCore
import DocumentCore
import IdentityCore

/// How a request names an intention: by its two ends, in the query, or by its ID, in the path.
enum IntentionName {
    case ends(Ends)
    case id(String)

    /// `name`, `default/name`, `default/default/name` with the namespace and the partition that there are, or
    /// `peer:peering/name`.
    struct End {
        var peer = ""
        var name: String

        init(name: String, peer: String) {
            self.peer = peer
            self.name = name
        }

        init(_ text: String) throws(Refusal) {
            var parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard let last = parts.popLast(), parts.count <= 2 else {
                throw Refusal(.invalid, "\(quoted(text)) is invalid: input can contain at most two '/'")
            }
            name = String(last)
            if let first = parts.first, first.hasPrefix("peer:") {
                peer = String(first.dropFirst("peer:".count))
                parts.removeFirst()
            }
            guard parts.allSatisfy({ $0.isEmpty || $0 == "default" }) else {
                throw Refusal(.invalid, "\(quoted(text)) is invalid: Namespaces are a Consul Enterprise feature")
            }
        }
    }

    struct Ends {
        var source: End
        var destination: String

        init(of intention: Intention) {
            source = End(name: intention.source.name, peer: intention.source.peer)
            destination = intention.destination
        }

        init(_ query: RequestQuery) throws(Refusal) {
            guard let source = query.text("source") else {
                throw Refusal(.invalid, "required query parameter 'source' not set")
            }
            guard let destination = query.text("destination") else {
                throw Refusal(.invalid, "required query parameter 'destination' not set")
            }
            self.source = try End(source)
            self.destination = try End(destination).name
        }
    }

    init(_ request: APIRequest) throws(Refusal) {
        if let id = request.captures.first { self = .id(id) } else { self = .ends(try Ends(request.query)) }
    }

    func fits(_ details: IntentionDetails) -> Bool {
        switch self {
        case .id(let id): details.id == id
        case .ends(let ends):
            details.intention.source.name == ends.source.name && details.intention.source.peer == ends.source.peer
                && details.intention.destination == ends.destination
        }
    }
}

/// An intention as clients write it.
struct IntentionBody {
    private var source: IntentionName.End
    private var sourceNamespace: String
    private var sourcePartition: String
    private var destination: String
    private var destinationNamespace: String
    private var destinationPartition: String
    private var type: String
    private var action: String
    private var permissions: Document
    private var description: String

    init(_ bytes: [UInt8]) throws(Refusal) {
        let (body, broken) = try decodeBody(bytes) { IntentionBody(&$0) }
        if let broken { throw Refusal(.invalid, broken) }
        guard let body else { throw Refusal(.invalid, "Request decode failed: EOF") }
        self = body
    }

    private init(_ map: inout MapReader) {
        source = IntentionName.End(name: map.string("SourceName") ?? "", peer: map.string("SourcePeer") ?? "")
        sourceNamespace = map.string("SourceNS") ?? ""
        sourcePartition = map.string("SourcePartition") ?? ""
        destination = map.string("DestinationName") ?? ""
        destinationNamespace = map.string("DestinationNS") ?? ""
        destinationPartition = map.string("DestinationPartition") ?? ""
        type = map.string("SourceType") ?? ""
        action = map.string("Action") ?? ""
        permissions = map.member("Permissions")?.value ?? Document(.null)
        description = map.string("Description") ?? ""
        if map.stringMap("Meta")?.isEmpty == false {
            map.consulRefuses("Meta", "an intention has no Meta here: give it to the service-intentions entry")
        }
    }

    /// What the query says counts more than what the body says.
    mutating func name(_ ends: IntentionName.Ends) {
        source = ends.source
        destination = ends.destination
    }

    /// Reads it by the rules of the entry in which it will stand.
    func intention(_ environment: APIEnvironment) throws(Refusal) -> Intention {
        var json = JSONWriter()
        json.object { json in
            json.field("Kind", ConfigEntryKind.serviceIntentions.rawValue)
            json.field("Name", destination)
            json.field("Namespace", destinationNamespace)
            json.field("Partition", destinationPartition)
            json.list("Sources") { json in
                json.object { json in
                    json.field("Name", source.name)
                    json.field("Peer", source.peer)
                    json.field("Namespace", sourceNamespace)
                    json.field("Partition", sourcePartition)
                    json.field("Type", type)
                    json.field("Action", action)
                    json.field("Permissions", permissions)
                    json.field("Description", description)
                }
            }
        }
        let entry = try ConfigRoutes.entry(in: json.bytes, environment)
        guard case .serviceIntentions(let intentions) = entry.content, let source = intentions.sources.first else {
            throw Refusal(.failed, "an entry was read as another: this is a fault of hawser")
        }
        return Intention(source: source, destination: entry.name)
    }
}
