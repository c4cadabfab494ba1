import Testing

@testable import GatewayRelay

@Suite struct RelayAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:7"), ("0.0.0.0", "0.0.0.0:7"), ("255.255.255.255", "255.255.255.255:7"),
        ("::", "[::]:7"), ("::1", "[::1]:7"), ("2001:DB8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:7"),
        ("1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]:7"), ("1::", "[1::]:7"), ("1:0:2::", "[1:0:2::]:7"),
        ("fe80::1%3", "[fe80::1%3]:7"), ("::ffff:192.0.2.1", "192.0.2.1:7"),
        ("64:ff9b::192.0.2.1", "[64:ff9b::c000:201]:7"),
        ("1:0:3:4:5:6:7:8", "[1:0:3:4:5:6:7:8]:7"),
    ])
    func readsAndPrints(text: String, expected: String) throws {
        let address = try #require(RelayAddress(ip: text, port: 7))
        #expect(address.description == expected)
        #expect(RelayAddress(ip: address.ip, port: 7) == address)
        if !text.contains("%") { #expect(RelayAddress(bytes: address.bytes, port: 7) == address) }
        #expect(RelayAddress(address.raw) == address)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "1.2.3.+4", "localhost", ":", ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "::+1", "1.2.3.4::", "::1%", "::1%eth0", "1.2.3.4%1", "[::1]",
        "1:2:3:4:5:6:7::8", "::1.2.3.4:1",
    ])
    func refuses(text: String) {
        #expect(RelayAddress(ip: text, port: 7) == nil)
    }
}
