import CatalogCore

/// What of the catalog has an IP address of its own, by that address. Host names are in no index.
struct AddressIndex: Sendable {
    /// Names, each with how many hold it.
    private typealias Names = SmallTable<String, Int>

    private var nodes = Table<IPAddress, Names>()
    private var services = Table<IPAddress, Names>()

    func nodes(at address: IPAddress) -> some Sequence<String> { (nodes[address] ?? Names()).lazy.map(\.key) }

    func services(at address: IPAddress) -> some Sequence<String> { (services[address] ?? Names()).lazy.map(\.key) }

    mutating func insert(_ node: Node) { Self.count(1, node.name, at: node.address, &nodes) }

    mutating func remove(_ node: Node) { Self.count(-1, node.name, at: node.address, &nodes) }

    mutating func insert(_ service: NodeService) { Self.count(1, service.service, at: service.address, &services) }

    mutating func remove(_ service: NodeService) { Self.count(-1, service.service, at: service.address, &services) }

    private static func count(
        _ change: Int, _ name: String, at address: String, _ table: inout Table<IPAddress, Names>
    ) {
        guard let address = IPAddress(address) else { return }
        let count = (table[address]?[name] ?? 0) + change
        table[address, default: Names()][name] = count == 0 ? nil : count
        if table[address]?.isEmpty == true { table[address] = nil }
    }
}
