import SwiftProtobuf

/// Where a follower says that its leader is, in the details of the status with which it refuses a stream
/// (protocol section 4.1).
package enum LeaderHint {
    private static let typeURL = "type.googleapis.com/hashicorp.consul.internal.peerstream.LeaderAddress"

    /// - Parameter details: an encoded `google.rpc.Status`.
    /// - Returns: the leader's address in the servers' own protocol, `host:port`; nil if there is none to read.
    package static func address(inDetails details: [UInt8]) -> String? {
        guard let status = try? RPCStatus(serializedBytes: details),
            let hint = status.details.first(where: { $0.typeURL == typeURL }),
            let leader = try? WireLeaderAddress(serializedBytes: hint.value), !leader.address.isEmpty
        else { return nil }
        return leader.address
    }
}
