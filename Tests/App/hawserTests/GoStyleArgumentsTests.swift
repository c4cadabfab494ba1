import Testing

@testable import hawser

@Suite("Command lines in Consul's style")
struct GoStyleArgumentsTests {
    private static let table: [(given: String, read: String)] = [
        ("peering read -name web", "peering read --name web"),
        ("peering read --name web", "peering read --name web"),
        ("peering read -name=web", "peering read --name=web"),
        ("peering list -h", "peering list -h"),
        ("config write -", "config write -"),
        ("peering establish -peering-token-file -", "peering establish --peering-token-file -"),
        ("peering establish -wait", "peering establish --wait=30s"),
        ("peering establish --wait -name a", "peering establish --wait=30s --name a"),
        ("peering establish -wait=2m", "peering establish --wait=2m"),
        ("-http-addr x peering list", "--http-addr x peering list"),
        ("x -1 -25 -- -name -wait", "x -1 -25 -- -name -wait"),
        ("x -n=1", "x -n=1"),
        ("agent -dev=true -log-json=false -log-json=1", "agent --dev --log-json"),
        ("agent -dev=maybe --dev", "agent --dev=maybe --dev"),
        ("fmt -check=true -", "fmt --check -"),
        ("watch -follow=false", "watch --follow=false"),
        ("watch --follow=F -since 1", "watch --follow=false --since 1"),
        ("watch -follow -since=1h", "watch --follow=true --since=1h"),
        ("watch -follow=maybe", "watch --follow=maybe"),
        ("gateway -follow -listen x", "gateway --follow --listen x"),
        ("-v", "version"),
        ("-version -format json", "version --format json"),
        ("--version", "version"),
        ("", ""),
    ]

    @Test(arguments: table)
    func rewriting(given: String, read: String) {
        func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }
        #expect(GoStyleArguments.rewrite(words(given)) == words(read))
    }
}
