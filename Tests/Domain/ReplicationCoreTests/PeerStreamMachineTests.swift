import Testing

@testable import ReplicationCore

@Suite struct PeerStreamMachineTests {
    private func machine(_ role: PeerStreamMachine.Role = .acceptor) -> PeerStreamMachine {
        PeerStreamMachine(role: role, now: .zero)
    }

    private func request(
        _ kind: ResourceKind?, peerID: String = "", nonce: String = "", error: WireError? = nil, url: String = "u"
    ) -> InboundMessage {
        .request(InboundRequest(peerID: peerID, nonce: nonce, url: url, kind: kind, error: error))
    }

    private func response(
        _ kind: ResourceKind?, nonce: String = "1", operation: InboundResponse.Operation = .upsert,
        hasResource: Bool = true
    ) -> InboundMessage {
        .response(
            InboundResponse(
                nonce: nonce, url: "u", kind: kind, resourceID: "id", operation: operation, hasResource: hasResource))
    }

    @Test func eachSideSubscribesToItsKinds() {
        #expect(
            machine().subscriptionsToSend == [
                .subscribe(.exportedService, peerID: ""), .subscribe(.exportedServiceList, peerID: ""),
                .subscribe(.trustBundle, peerID: ""),
            ])
        let dialer = machine(.dialer(acceptorID: "a")).subscriptionsToSend
        #expect(dialer.last == .subscribe(.serverAddresses, peerID: "a") && dialer.count == 4)
    }

    @Test func theFirstRequestSubscribesAndLaterOnesAnswer() {
        var machine = machine()
        let error = WireError(code: 13, message: "no")
        #expect(machine.received(request(.trustBundle), now: .zero) == .subscribed(.trustBundle))
        #expect(machine.received(request(.trustBundle, nonce: "2"), now: .zero) == .acknowledged(nonce: "2"))
        #expect(
            machine.received(request(.trustBundle, nonce: "3", error: error), now: .zero)
                == .refused(nonce: "3", error))
        #expect(machine.isSubscribed(to: .trustBundle) && !machine.isSubscribed(to: .exportedService))
        // The list comes with the services.
        _ = machine.received(request(.exportedService), now: .zero)
        #expect(machine.isSubscribed(to: .exportedServiceList))
    }

    @Test func badFirstRequestsEndTheStream() {
        let cases: [(InboundMessage, String)] = [
            (request(nil, url: "x"), "subscription request to unknown resource URL: x"),
            (request(.trustBundle, nonce: "1"), "must not contain a nonce"),
            (request(.trustBundle, error: WireError(code: 1, message: "")), "must not contain an error"),
        ]
        for (message, says) in cases {
            var machine = machine()
            guard case .fail(let failure) = machine.received(message, now: .zero) else {
                Issue.record("\(message) was taken")
                continue
            }
            #expect(failure.code == .invalidArgument && failure.message.contains(says))
        }
    }

    @Test func onlyADialerLooksAtThePeerID() {
        var acceptor = machine()
        #expect(acceptor.received(request(.trustBundle, peerID: "any"), now: .zero) == .subscribed(.trustBundle))
        var dialer = machine(.dialer(acceptorID: "a"))
        #expect(dialer.received(request(.trustBundle, peerID: "a"), now: .zero) == .subscribed(.trustBundle))
        #expect(dialer.received(request(.exportedService), now: .zero) == .subscribed(.exportedService))
        guard case .fail(let failure) = dialer.received(request(.exportedServiceList, peerID: "b"), now: .zero) else {
            Issue.record("another ID was taken")
            return
        }
        #expect(failure.message.contains("got=\"b\" expected=\"a\""))
    }

    @Test func responsesAreImportedOrRefused() {
        var machine = machine()
        #expect(machine.received(response(.exportedService), now: .zero) == .import(.exportedService))
        let cases: [(InboundMessage, String)] = [
            (response(nil), "received response for unknown resource type \"u\""),
            (response(.trustBundle, nonce: ""), "received response without a nonce for: u:id"),
            (response(.trustBundle, hasResource: false), "received upsert response with no content"),
            (response(.trustBundle, operation: .other(0)), "unsupported operation: \"OPERATION_UNSPECIFIED\""),
            (response(.trustBundle, operation: .other(2)), "unsupported operation: 2"),
        ]
        for (message, says) in cases {
            guard case .answer(.refuse(_, "u", let error)) = machine.received(message, now: .zero) else {
                Issue.record("\(message) was taken")
                continue
            }
            #expect(error == WireError(code: 3, message: says))
        }
    }

    @Test func whatWouldBeSentBackHasABound() {
        let long = String(repeating: "x", count: PeerStreamMachine.maxTextBytes + 1)
        let messages = [
            request(.trustBundle, peerID: long), request(.trustBundle, nonce: long), request(nil, url: long),
            response(.exportedService, nonce: long),
        ]
        for message in messages {
            var machine = machine()
            guard case .fail(let failure) = machine.received(message, now: .zero) else {
                Issue.record("a long text was taken")
                continue
            }
            #expect(failure.message.utf8.count < 200)
        }
    }

    @Test func aGoodbyeIsTheLastThingHeard() {
        var machine = machine()
        #expect(machine.received(.empty, now: .zero) == .nothing)
        #expect(machine.received(.open, now: .zero) == .nothing)
        #expect(machine.received(.terminated, now: .zero) == .terminated)
        #expect(machine.received(response(.exportedService), now: .zero) == .nothing)
        #expect(machine.received(request(nil), now: .zero) == .nothing)
    }

    @Test func heartbeatsGoOutEvenlyAndOnlyHeartbeatsKeepAlive() {
        var machine = machine()
        #expect(machine.nextTick == .seconds(15))
        #expect(machine.ticked(now: .seconds(14)) == .nothing)
        #expect(machine.ticked(now: .seconds(15)) == .sendHeartbeat)
        #expect(machine.ticked(now: .seconds(16)) == .nothing)
        #expect(machine.nextTick == .seconds(30))
        _ = machine.received(.heartbeat, now: .seconds(20))
        _ = machine.received(response(.exportedService), now: .seconds(100))
        #expect(machine.ticked(now: .seconds(139)) == .sendHeartbeat)
        #expect(machine.ticked(now: .seconds(140)) == .fail(StreamFailure(.unknown, "heartbeat timeout")))
    }
}
