import CatalogCore
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("10.0.0.7", IPAddress.v4(0x0A00_0007)), ("255.255.255.255", .v4(.max)), ("0.0.0.0", .v4(0)),
        ("::", .v6(0)), ("::1", .v6(1)), ("2001:DB8::a", .v6(0x2001_0DB8_0000_0000_0000_0000_0000_000A)),
        ("1:2:3:4:5:6:7:8", .v6(0x0001_0002_0003_0004_0005_0006_0007_0008)),
        ("1::", .v6(0x0001_0000_0000_0000_0000_0000_0000_0000)), ("::ffff:10.0.0.7", .v6(0xFFFF_0A00_0007)),
    ]) func addressesAreRead(_ text: String, _ expected: IPAddress) {
        #expect(IPAddress(text) == expected)
        #expect(IPAddress(hexadecimal: expected.hexadecimal) == expected)
    }

    @Test(arguments: [
        "", "a", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.+4", "1.2.3.", "1.2.3.0004", ":", ":::", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:2:3:4:5:6:7::8", "fe80::1%eth0", "1.2.3.4::", ":1::",
        "::1:", "web.example.com", "1:2:3:4:5:6:7:1.2.3.4",
    ]) func otherTextsAreNone(_ text: String) {
        #expect(IPAddress(text) == nil)
    }
}
