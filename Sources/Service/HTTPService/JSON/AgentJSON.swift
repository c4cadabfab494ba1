import DocumentCore
import PeeringCore
import StateCore

/// The daemon as `/v1/agent/self` tells of it.
struct AgentSelf {
    var agent: AgentDescription
    var hasAccessControl: Bool
    var state: State

    /// What `consul info` prints: groups of texts.
    fileprivate var statistics: [(group: String, values: [String: String])] {
        let node = agent.nodeName
        let keys = state.catalog.keys(on: node)
        let checks = (keys + [InstanceKey(node: node, id: "")]).map { state.catalog.checks(at: $0).count }
        return [
            ("agent", ["checks": "\(checks.reduce(0, +))", "services": "\(keys.count)"]),
            ("build", ["prerelease": "", "revision": "", "version": agent.version]),
            (
                "consul",
                [
                    "acl": hasAccessControl ? "enabled" : "disabled", "known_datacenters": "1", "leader": "true",
                    "leader_addr": agent.serverAddress, "server": "true",
                ]
            ),
            (
                "hawser",
                ["config_entries": "\(state.configEntries.count)", "peerings": "\(state.sortedPeerings.count)"]
            ),
        ]
    }
}

extension AgentDescription {
    /// Told where Consul tells the address of a server.
    var serverAddress: String { HostPort(host: address, port: shownPort).description }

    /// Go reads ports without a sign: without a peering port it is 0.
    fileprivate var shownPort: Int { max(peeringPort, 0) }
}

extension JSONWriter {
    mutating func value(_ own: AgentSelf) {
        object { json in
            json.object("Config") { json in
                json.field("Datacenter", own.agent.datacenter)
                json.field("PrimaryDatacenter", own.agent.datacenter)
                json.field("NodeName", own.agent.nodeName)
                json.field("NodeID", own.agent.nodeID)
                json.field("Revision", "")
                json.field("Server", true)
                json.field("Version", own.agent.version)
            }
            json.object("DebugConfig") { $0.field("PeeringEnabled", true) }
            json.nullField("Coord")
            json.key("Member")
            json.member(own.agent)
            json.object("Stats") { json in
                for (group, values) in own.statistics { json.field(group, values) }
            }
            json.object("Meta") { _ in }
            json.object("xDS") { _ in }
        }
    }

    /// The versions are those of Consul's gossip, which clients show and nothing here speaks.
    mutating func member(_ agent: AgentDescription) {
        object { json in
            json.field("Name", agent.nodeName)
            json.field("Addr", agent.address)
            json.field("Port", agent.shownPort)
            json.field(
                "Tags",
                [
                    "build": agent.version, "dc": agent.datacenter, "id": agent.nodeID, "role": "consul",
                    "segment": "", "vsn": "2",
                ])
            json.field("Status", 1)
            json.field("ProtocolMin", 1)
            json.field("ProtocolMax", 5)
            json.field("ProtocolCur", 2)
            json.field("DelegateMin", 2)
            json.field("DelegateMax", 5)
            json.field("DelegateCur", 4)
        }
    }

    /// The only server of its cluster, as a member of the Raft group that Consul would have.
    mutating func raftConfiguration(of agent: AgentDescription, index: UInt64) {
        object { json in
            json.list("Servers") { json in
                json.object {
                    $0.field("ID", agent.nodeID)
                    $0.field("Node", agent.nodeName)
                    $0.field("Address", agent.serverAddress)
                    $0.field("Leader", true)
                    $0.field("ProtocolVersion", "3")
                    $0.field("Voter", true)
                    $0.field("LastIndex", index)
                }
            }
            json.field("Index", index)
        }
    }
}
