import GRPCWire
import PeeringCore
import ReplicationCore
import ReplicationService
import TLSEngine
import Testing

@testable import PeeringService

@Suite struct StreamEndTests {
    @Test(arguments: [
        (GRPCCode.failedPrecondition, "notLeader"), (.resourceExhausted, "overloaded"),
        (.permissionDenied, "refused"), (.invalidArgument, "refused"), (.aborted, "refused"),
        (.unavailable, "other"), (.unknown, "other"),
    ])
    func theCodeOfTheEndDecidesTheWait(code: GRPCCode, kind: String) {
        let verdict = DialVerdict(.lost(GRPCStatus(code, "")))
        #expect("\(verdict.failure)" == kind && !verdict.isCounterpartGone)
    }

    /// What Consul's acceptors say (protocol section 4.1, rows 5, 6, 8 and 9).
    @Test(arguments: [
        (
            GRPCStatus(.invalidArgument, "initial subscription for unknown PeerID: x"),
            "the other cluster does not know this peering any more"
        ),
        (
            GRPCStatus(.aborted, "peering is marked as deleted: x"),
            "the other cluster holds this peering for deleted"
        ),
        (
            GRPCStatus(.permissionDenied, "invalid peering stream secret"),
            "the other cluster does not know the secret of this peering any more"
        ),
        (
            GRPCStatus(.internal, "unable to authorize connection, peering must be re-established"),
            "the other cluster has no secret of this peering any more"
        ),
    ])
    func aCounterpartThatIsGoneIsCalledThat(status: GRPCStatus, words: String) {
        let verdict = DialVerdict(.lost(status))
        #expect(verdict.isCounterpartGone && verdict.failure == .refused)
        #expect(
            verdict.reason
                == "\(words) (\(status)). Generate a new token there and redeem it here, or delete this peering")
    }

    @Test func aCertificateOfAnotherCASaysWhatToDo() {
        let cause = TLSError.untrusted
        let verdict = DialVerdict(.lost(GRPCStatus(.unavailable, "the connection failed", cause: cause)))
        #expect(verdict.failure == .refused && !verdict.isCounterpartGone)
        #expect(verdict.reason.contains("if the other cluster rotated its CA while this one was away"))
        #expect(verdict.reason.hasSuffix("Generate a new token there and redeem it here, or delete this peering"))
    }

    @Test func aFollowerMayNameItsLeader() {
        // google.rpc.Status {9, "no", [Any(LeaderAddress {"10.0.0.3:8300"})]}
        let url = Array("type.googleapis.com/hashicorp.consul.internal.peerstream.LeaderAddress".utf8)
        let address = Array("10.0.0.3:8300".utf8)
        let leader = [0x0a, UInt8(address.count)] + address
        let any = [0x0a, UInt8(url.count)] + url + [0x12, UInt8(leader.count)] + leader
        let details = [0x08, 9, 0x12, 2] + Array("no".utf8) + [0x1a, UInt8(any.count)] + any
        func host(_ code: GRPCCode, _ details: [UInt8]) -> String? {
            DialVerdict(.lost(GRPCStatus(code, "no", details: details))).leaderHost
        }
        #expect(host(.failedPrecondition, details) == "10.0.0.3")
        #expect(host(.failedPrecondition, []) == nil)
        #expect(host(.failedPrecondition, Array(details.dropLast(4))) == nil)
        #expect(host(.unavailable, details) == nil)
    }

    @Test func endsAreToldToTheDialerWithTheirCodes() {
        #expect(StreamEnd.terminatedByPeer.acceptorStatus == nil)
        #expect(StreamEnd.deletedLocally(isHeard: true).acceptorStatus == nil)
        #expect(StreamEnd.endedByPeer.acceptorStatus == GRPCStatus(.unknown, "stream ended unexpectedly"))
        #expect(
            StreamEnd.failed(StreamFailure(.invalidArgument, "x")).acceptorStatus == GRPCStatus(.invalidArgument, "x"))
        #expect(StreamEnd.replaced.acceptorStatus?.code == .aborted)
        #expect(StreamEnd.shutDown.acceptorStatus?.code == .unavailable)
    }
}

extension TLSError {
    /// As a handshake with a stranger's certificate ends.
    fileprivate static var untrusted: TLSError {
        TLSError(.certificateUntrusted, "the certificate of x is not signed by a trusted CA")
    }
}
