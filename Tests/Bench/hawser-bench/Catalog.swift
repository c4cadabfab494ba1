import CatalogCore
import ConfigFiles
import PeerStreamTranslation

/// Believable services: tags, metadata, weights, two tagged addresses and one check for each instance.
struct Catalog {
    let services: Int
    let instances: Int

    static func name(_ number: Int) -> String {
        let digits = "\(number)"
        return "service-" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }

    /// Configuration files of the exporter: the services in files of a thousand, and the entry that exports them all.
    var files: [String: String] {
        var files = [
            "exports.json": """
            {"Kind":"exported-services","Name":"default","Services":[{"Name":"*","Consumers":[{"Peer":"importer"}]}]}
            """
        ]
        for start in stride(from: 0, to: services, by: 1_000) {
            let definitions = (start..<min(start + 1_000, services)).flatMap { service in
                (0..<instances).map { definition(service, $0) }
            }
            files["services-\(start).json"] = "{\"services\":[\(definitions.joined(separator: ",\n"))]}"
        }
        return files
    }

    private func definition(_ service: Int, _ instance: Int) -> String {
        let name = Self.name(service)
        let address = "10.\(service >> 8 & 255).\(service & 255).\(instance + 1)"
        return """
            {"name":"\(name)","id":"\(name)-\(instance)","address":"\(address)","port":\(8_000 + instance),\
            "tags":["v1.2.\(instance)","blue","http"],"meta":{"version":"1.2.\(instance)","team":"payments"},\
            "weights":{"passing":10,"warning":1},\
            "tagged_addresses":{"lan":{"address":"\(address)","port":8080},"wan":{"address":"198.51.100.7","port":443}},\
            "check":{"id":"\(name)-\(instance)-alive","name":"alive","ttl":"24h","status":"passing"}}
            """
    }

    /// What the services take on the wire: their encoded instances, and what each message has around them.
    ///
    /// - Parameter directory: where the files are.
    func wireBytes(in directory: String) throws -> Int {
        var loader = ConfigLoader([.directory(directory)])
        var services: [String: [ServiceInstance]] = [:]
        let node = Node(
            id: "11111111-2222-3333-4444-555555555555", name: "exporter", address: "127.0.0.1", datacenter: "dc1",
            taggedAddresses: ["lan": "127.0.0.1", "wan": "127.0.0.1"])
        for registration in try loader.load().registrations.map(\.value) {
            let instance = ServiceInstance(node: node, service: registration.service, checks: registration.checks)
            services[registration.service.service, default: []].append(instance)
        }
        return try services.values.reduce(0) { try $0 + ServiceEncoding.bytes(of: $1).count + Self.envelopeBytes }
    }

    /// gRPC's frame, the nonce, the ID, and the type of the resource said twice.
    private static let envelopeBytes = 190
}
