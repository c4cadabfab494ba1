import DocumentCore
import PeeringCore
import ReplicationCore
import StateCore

/// A peering with what is known beside its row.
struct PeeringDetails: Sendable {
    var peering: Peering
    var status: StreamStatus?
    var imports: ImportedCatalog?
}

extension JSONWriter {
    /// A peering with the keys of Consul in its order (protocol section 8.2), and ours at the end.
    mutating func value(_ details: PeeringDetails) {
        let peering = details.peering
        let state =
            details.status?.shownState(stored: peering.state) ?? peering.state.rawValue
        object { json in
            json.field("ID", peering.id.text)
            json.field("Name", peering.name)
            if let deletedAt = peering.deletedAt { json.field("DeletedAt", deletedAt.rfc3339) }
            json.fieldIfNotEmpty("Meta", peering.meta)
            json.field("State", state)
            json.fieldIfNotEmpty("PeerID", peering.peerID)
            json.fieldIfNotEmpty("PeerCAPems", peering.peerCAPEMs)
            json.fieldIfNotEmpty("PeerServerName", peering.peerServerName)
            json.fieldIfNotEmpty("PeerServerAddresses", peering.peerServerAddresses)
            json.streamStatus(details.status)
            json.field("CreateIndex", peering.createIndex)
            json.field("ModifyIndex", peering.modifyIndex)
            json.remote(peering.remote)
            json.additions(details)
        }
    }

    private mutating func streamStatus(_ status: StreamStatus?) {
        object("StreamStatus") { json in
            json.fieldOrNull("ImportedServices", status?.importedServices.nonEmpty)
            json.fieldOrNull("ExportedServices", status?.exportedServices.nonEmpty)
            json.fieldOrNull("LastHeartbeat", status?.lastHeartbeat?.rfc3339)
            json.fieldOrNull("LastReceive", status.map { $0.lastReceive ?? .zero }?.rfc3339)
            json.fieldOrNull("LastSend", status.map { $0.lastSend ?? .zero }?.rfc3339)
        }
    }

    private mutating func remote(_ remote: RemoteInfo) {
        object("Remote") { json in
            json.field("Partition", remote.partition)
            json.field("Datacenter", remote.datacenter)
            guard !remote.region.isEmpty || !remote.zone.isEmpty else { return }
            json.object("Locality") {
                $0.field("Region", remote.region)
                $0.field("Zone", remote.zone)
            }
        }
    }

    /// What Consul does not tell. Synthetic proxies are not counted: they are nobody's service.
    private mutating func additions(_ details: PeeringDetails) {
        let imports = details.imports
        let received = imports?.services.keys.count { !$0.hasSuffix("-sidecar-proxy") } ?? 0
        object("Hawser") { json in
            json.fieldOrNull("LastError", details.status?.lastError)
            json.field("CounterpartGone", details.status?.isCounterpartGone ?? false)
            json.fieldOrNull("RemoteAddress", details.status?.remoteAddress)
            if let path = details.status?.path {
                json.field("Way", path.way.rawValue)
                json.field("BypassesGateways", path.bypassesGateways)
            }
            json.field("ReceivedServices", received)
            if let announced = imports?.announced {
                json.field("AnnouncedServices", announced.count)
            } else {
                json.nullField("AnnouncedServices")
            }
            json.field("ResponsesReceived", details.status?.received ?? 0)
            json.field("ResponsesSent", details.status?.sentCount ?? 0)
            json.fieldIfNotEmpty("ManualServerAddresses", details.peering.manualServerAddresses)
            json.fieldOrNull("NextAttempt", details.status?.nextAttemptAt?.rfc3339)
            json.field("Refusals", details.status?.refusals ?? [:])
        }
    }
}

extension [String]? {
    /// Consul shows a list without names as null.
    fileprivate var nonEmpty: [String]? { self?.isEmpty == false ? self : nil }
}
