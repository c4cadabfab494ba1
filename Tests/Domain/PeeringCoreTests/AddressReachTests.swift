import Testing

@testable import PeeringCore

struct AddressReachTests {
    @Test(arguments: [
        "10.0.0.7", "192.168.1.1", "203.0.113.7", "peer.example.com", "2001:db8::1", "::2", "fd00::1",
        "127.example.com",
        "1.2.3", "10.0.0.300", "ff.example.com", "fe80.example.com", "1::", "::ffff:10.0.0.7",
    ])
    func ofAnybody(host: String) {
        #expect(HostPort(host: host, port: 8503).reach == .anybody)
    }

    @Test(arguments: [
        "127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "a.localhost", "::1", "0:0::0:1", "::ffff:127.0.0.1",
    ])
    func ofThisMachine(host: String) {
        #expect(HostPort(host: host, port: 8503).reach == .thisMachine)
    }

    @Test(arguments: [
        ("0.0.0.0", "every address"), ("0.1.2.3", "every address"), ("::", "every address"), ("0::0", "every address"),
        ("255.255.255.255", "broadcasts"), ("224.0.0.1", "multicast"), ("239.255.0.1", "multicast"),
        ("ff02::1", "multicast"), ("FE80::1%eth0", "one network link"), ("febf::1", "one network link"),
        ("::ffff:0.0.0.0", "every address"),
    ])
    func ofNobody(host: String, reason: String) throws {
        let reach = HostPort(host: host, port: 8503).reach
        guard case .nobody(let why) = reach else {
            Issue.record("\(host) is \(reach)")
            return
        }
        #expect(why.contains(reason))
    }
}
