import Dispatch
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import GRPCTransport

/// Names that begin with "slow" have no answer before the test gives it.
private final class HeldNames: Sendable {
    private let asked = NIOLockedValueBox<[String]>([])
    private let gate = DispatchSemaphore(value: 0)
    private let slow: AsyncStream<String>
    private let slowAsked: AsyncStream<String>.Continuation

    init() {
        (slow, slowAsked) = AsyncStream<String>.makeStream()
    }

    func resolve(_ name: String) -> [SocketAddress] {
        asked.withLockedValue { $0.append(name) }
        if name.hasPrefix("slow") {
            slowAsked.yield(name)
            gate.wait()
        }
        if name == "unknown" { return [] }
        let address = name.hasPrefix("six") ? "2001:db8::1" : "192.0.2.1"
        return [try? SocketAddress(ipAddress: address, port: 9)].compactMap { $0 }
    }

    func waitForSlow(_ count: Int) async {
        var names = slow.makeAsyncIterator()
        for _ in 0..<count { _ = await names.next() }
    }

    func answer(_ count: Int) {
        for _ in 0..<count { gate.signal() }
    }

    var names: [String] { asked.withLockedValue { $0 } }
}

@Suite struct HostLookupsTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    @Test func aSlowNameHoldsUpNeitherAddressesNorOtherNames() async throws {
        let held = HeldNames()
        var limits = HostLookups.Limits()
        limits.running = 3
        let lookups = HostLookups(limits: limits) { held.resolve($0) }
        let first = lookups.addresses(of: "slow1", port: 1, on: loop)
        let second = lookups.addresses(of: "slow2", port: 2, on: loop)
        await held.waitForSlow(2)
        let quick = try await lookups.addresses(of: "quick", port: 3, on: loop).get()
        #expect(quick.map(\.description) == ["[IPv4]192.0.2.1:3"])
        // With no thread left, addresses in digits are there at once all the same.
        let third = lookups.addresses(of: "slow3", port: 1, on: loop)
        await held.waitForSlow(1)
        for digits in ["10.0.0.1", "2001:db8::7"] {
            let found = try await lookups.addresses(of: digits, port: 4, on: loop).get()
            #expect(found.count == 1 && found.first?.ipAddress == digits && found.first?.port == 4)
        }
        #expect(!held.names.contains("10.0.0.1"))
        held.answer(3)
        #expect(try await first.get().first?.port == 1)
        #expect(try await second.get().first?.port == 2)
        _ = try await third.get()
    }

    @Test func aNameHasOneLookupWhoeverAsks() async throws {
        let held = HeldNames()
        let lookups = HostLookups { held.resolve($0) }
        let answers = (1...50).map { lookups.addresses(of: "slow", port: $0, on: loop) }
        await held.waitForSlow(1)
        held.answer(1)
        for (index, answer) in answers.enumerated() { #expect(try await answer.get().first?.port == index + 1) }
        #expect(held.names == ["slow"])
        // The next one asks again.
        held.answer(1)
        _ = try await lookups.addresses(of: "slow", port: 1, on: loop).get()
        #expect(held.names == ["slow", "slow"])
    }

    @Test func whatCannotBeResolvedHasNoAddress() async throws {
        let held = HeldNames()
        let lookups = HostLookups { held.resolve($0) }
        #expect(try await lookups.addresses(of: "unknown", port: 1, on: loop).get() == [])
        let failure = await #expect(throws: NIOConnectionError.self) {
            _ = try await ClientBootstrap(group: loop)
                .connect(host: "unknown", port: 1, lookups: lookups, on: loop).get()
        }
        #expect(failure.map { ConnectProblem.text(of: $0) } == "the name unknown cannot be resolved")
    }

    @Test func theSystemKnowsItself() {
        let found = SystemNames.addresses(of: "localhost").compactMap(\.ipAddress)
        #expect(found.contains("127.0.0.1") || found.contains("::1"), "\(found)")
    }
}
