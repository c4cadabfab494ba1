import PeeringCore
import Testing

@testable import HealthService

@Suite struct ProbeURLTests {
    @Test(
        arguments: [
            ("http://h", "h:80", "h", "/"),
            ("http://h:81/a?b=c#d", "h:81", "h:81", "/a?b=c"),
            ("HTTPS://h?x", "h:443", "h", "/?x"),
            ("http://[::1]:81/", "[::1]:81", "[::1]:81", "/"),
            ("http://[::1]/", "[::1]:80", "[::1]", "/"),
            ("http://u:p@h/", "h:80", "h", "/"),
        ])
    func reads(text: String, target: String, authority: String, path: String) throws {
        let url = try #require(ProbeURL(text))
        #expect("\(url.target)" == target && url.authority == authority && url.path == path)
        #expect(url.isSecured == text.lowercased().hasPrefix("https"))
    }

    @Test(arguments: [
        "", "h", "ftp://h/", "http://", "http://h:0/", "http://h:x/", "http://h/a b", "http://h/\r\nX: y",
    ])
    func refuses(text: String) {
        #expect(ProbeURL(text) == nil)
    }

    @Test(
        arguments: [
            ("https://o/x", "https://o/x"), ("//o/x", "http://o/x"), ("/x?y", "http://h:81/x?y"),
            ("x", "http://h:81/a/x"), ("?y", "http://h:81/a/b?y"),
        ])
    func followsALocation(location: String, to expected: String) throws {
        let url = try #require(ProbeURL("http://h:81/a/b?c"))
        #expect(url.following(location)?.description == expected)
    }

    @Test func keepsTheCredentialsAside() {
        #expect(ProbeURL("http://user:word@h/")?.userInfo == "user:word")
    }
}
