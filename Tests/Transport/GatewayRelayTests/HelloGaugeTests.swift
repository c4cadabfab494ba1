import Testing

@testable import GatewayRelay

@Suite struct HelloGaugeTests {
    private func source(_ ip: String) throws -> HelloGauge.Source {
        HelloGauge.Source(try #require(RelayAddress(ip: ip, port: 1)))
    }

    private func gauge(total: Int, perSource: Int) -> HelloGauge {
        var limits = RelayLimits()
        limits.unfinishedHellos = total
        limits.unfinishedHellosPerSource = perSource
        return HelloGauge(limits: limits)
    }

    @Test func limitsEachSource() throws {
        let gauge = gauge(total: 10, perSource: 2)
        let (first, second) = (try source("192.0.2.1"), try source("192.0.2.2"))
        #expect(gauge.enter(first) == nil)
        #expect(gauge.enter(first) == nil)
        #expect(gauge.enter(first) == .sourceLimit)
        #expect(gauge.enter(second) == nil)
        gauge.leave(first)
        #expect(gauge.enter(first) == nil)
        #expect(gauge.total == 3)
    }

    @Test func limitsAllSources() throws {
        let gauge = gauge(total: 2, perSource: 2)
        #expect(gauge.enter(try source("192.0.2.1")) == nil)
        #expect(gauge.enter(try source("192.0.2.2")) == nil)
        #expect(gauge.enter(try source("192.0.2.3")) == .helloLimit)
        gauge.leave(try source("192.0.2.1"))
        #expect(gauge.enter(try source("192.0.2.3")) == nil)
    }

    @Test func anIPv6NetworkIsOneSource() throws {
        let gauge = gauge(total: 10, perSource: 1)
        #expect(gauge.enter(try source("2001:db8::1")) == nil)
        #expect(gauge.enter(try source("2001:db8::ffff:1")) == .sourceLimit)
        #expect(gauge.enter(try source("2001:db8:0:1::1")) == nil)
    }
}
