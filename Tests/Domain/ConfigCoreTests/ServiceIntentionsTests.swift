import ConfigCore
import DocumentCore
import Testing

@Suite("service-intentions")
struct ServiceIntentionsTests {
    private func intentions(_ json: String) throws -> ServiceIntentions? {
        guard case .serviceIntentions(let intentions) = try entry(json).content else { return nil }
        return intentions
    }

    @Test func areSortedByPrecedence() throws {
        let sources =
            #"[{"Name":"*","Action":"deny"},{"Name":"a","Action":"allow"},{"Name":"b","Peer":"p","Action":"deny"}]"#
        let exact = try intentions(#"{"Kind":"service-intentions","Name":"web","Sources":\#(sources)}"#)
        #expect(exact?.sources.map(\.name) == ["a", "b", "*"])
        #expect(exact?.sources.map(\.precedence) == [9, 9, 8])
        let all = try intentions(#"{"Kind":"service-intentions","Name":"*","Sources":\#(sources)}"#)
        #expect(all?.sources.map(\.precedence) == [6, 6, 5])
    }

    @Test func areAnsweredAsConsulAnswersThem() throws {
        let entry = try entry(
            #"""
            {"Kind":"service-intentions","name":"web","sources":[
            {"name":"api","Precedence":1,"permissions":[
            {"action":"allow","http":{"path_prefix":"/v1","methods":["get","PUT"],
             "header":[{"name":"x","exact":"1","invert":true},{"name":"y","present":true}]}},
            {"action":"deny","http":{"path_regex":"/.*"},"jwt":{"providers":[{"name":"okta","verify_claims":[{"path":["a"],"value":"b"}]}]}}]},
            {"name":"*","peer":"b","action":"deny","description":"no","type":"consul"}],"JWT":{"Providers":[{"Name":"o"}]}}
            """#)
        #expect(
            written(entry)
                == #"{"Kind":"service-intentions","Name":"web","Sources":[{"Name":"api","Permissions":[{"Action":"allow","HTTP":{"PathPrefix":"/v1","Header":[{"Name":"x","Exact":"1","Invert":true},{"Name":"y","Present":true}],"Methods":["GET","PUT"]}},{"Action":"deny","HTTP":{"PathRegex":"/.*"},"JWT":{"Providers":[{"Name":"okta","VerifyClaims":[{"Path":["a"],"Value":"b"}]}]}}],"Precedence":9,"Type":"consul"},{"Name":"*","Action":"deny","Precedence":8,"Type":"consul","Description":"no","Peer":"b"}],"JWT":{"Providers":[{"Name":"o"}]},"CreateIndex":5,"ModifyIndex":7}"#
        )
        #expect(try ConfigEntry.decode(json: Array(written(entry).utf8)) == entry)
    }

    /// A destination, its sources, and what Consul says of them.
    @Test(
        arguments: [
            ("web", "", ["At least one source is required"]),
            (
                "we*", #"{"Name":"a","Action":"allow"}"#,
                ["Name: wildcard character '*' cannot be used with partial values"]
            ),
            ("web", #"{"Action":"allow"}"#, ["Sources[0].Name is required"]),
            (
                "web", #"{"Name":"a*","Action":"allow"}"#,
                ["Sources[0].Name: wildcard character '*' cannot be used with partial values"]
            ),
            ("web", #"{"Name":"a","Peer":"*","Action":"allow"}"#, ["Sources[0].Peer: cannot use wildcard '*' in peer"]),
            (
                "web", #"{"Name":"a","Peer":"p","Partition":"x","Action":"allow"}"#,
                ["Sources[0].Peer: cannot set Peer and Partition at the same time."]
            ),
            (
                "web", #"{"Name":"a","Peer":"p","SamenessGroup":"x","Action":"allow"}"#,
                ["Sources[0].SamenessGroup: cannot set SamenessGroup and Peer at the same time"]
            ),
            ("web", #"{"Name":"a"}"#, ["Sources[0].Action must be set to 'allow' or 'deny'"]),
            ("web", #"{"Name":"a","Action":"Allow"}"#, ["Sources[0].Action must be set to 'allow' or 'deny'"]),
            ("web", #"{"Name":"a","Action":"allow","Type":"x"}"#, ["Sources[0].Type must be set to 'consul'"]),
            (
                "web", #"{"Name":"a","Action":"allow","LegacyMeta":{"a":"b"},"LegacyID":"x"}"#,
                ["Sources[0].LegacyMeta must be omitted"]
            ),
            (
                "web",
                #"{"Name":"a","Action":"allow"},{"Name":"a","Peer":"p","Action":"allow"},{"Name":"a","Action":"deny"},{"Name":"a","Peer":"p","Action":"allow"}"#,
                [
                    #"Sources[2] defines "a" more than once"#, #"Sources[3] defines peer("p") "a" more than once"#,
                ]
            ),
            (
                "*", #"{"Name":"a","Action":"allow","Permissions":[{"Action":"allow","HTTP":{"PathExact":"/"}}]}"#,
                [
                    "Sources[0].Action must be omitted if Permissions are specified",
                    "Sources[0].Permissions cannot be specified on intentions with wildcarded destinations",
                ]
            ),
            (
                "web", #"{"Name":"a","Permissions":[{"HTTP":{}},{"Action":"deny"}]}"#,
                [
                    "Sources[0].Permissions[0].Action must be set to 'allow' or 'deny'",
                    "Sources[0].Permissions[0].HTTP should not be empty", "Sources[0].Permissions[1].HTTP is required",
                ]
            ),
            (
                "web", #"{"Name":"a","Permissions":[{"Action":"allow","HTTP":{"PathExact":"a","PathPrefix":"/b"}}]}"#,
                [
                    #"Sources[0].Permissions[0].HTTP.PathExact doesn't start with '/': "a""#,
                    "Sources[0].Permissions[0].HTTP should only contain at most one of PathExact, PathPrefix, or PathRegex",
                ]
            ),
            (
                "web", #"{"Name":"a","Permissions":[{"Action":"allow","HTTP":{"Methods":["GET","get","FETCH"]}}]}"#,
                [
                    #"Sources[0].Permissions[0].HTTP.Methods contains "GET" more than once"#,
                    #"Sources[0].Permissions[0].HTTP.Methods contains an invalid method "FETCH""#,
                ]
            ),
            (
                "web",
                #"{"Name":"a","Permissions":[{"Action":"allow","HTTP":{"Header":[{"Exact":"x"},{"Name":"h","Exact":"x","Present":true}]}}]}"#,
                [
                    "Sources[0].Permissions[0].HTTP.Header[0] missing required Name field",
                    "Sources[0].Permissions[0].HTTP.Header[1] should only contain one of Present, Exact, Prefix, Suffix, or Regex",
                ]
            ),
            (
                "web",
                #"{"Name":"a","Permissions":[{"Action":"allow","HTTP":{"PathExact":"/"},"JWT":{"Providers":[{}]}}]}"#,
                ["JWT provider name is required"]
            ),
            (
                "web", #"{"Name":"a","Action":"allow","Permisions":[]}"#,
                [#"invalid config key "Sources[0].Permisions""#]
            ),
        ] as [(String, String, [String])])
    func areRefused(destination: String, sources: String, consul: [String]) {
        let found = problems(of: #"{"Kind":"service-intentions","Name":"\#(destination)","Sources":[\#(sources)]}"#)
        #expect(found.consul.sorted() == consul.sorted())
    }

    @Test func tellOperatorsWhere() {
        let found = problems(of: #"{"Kind":"service-intentions","Name":"web","Sources":[{"Name":"a","Action":"no"}]}"#)
        #expect(found.ours == [#"1:75: Sources[0].Action: must be allow or deny, and is "no""#])
        let long = String(repeating: "x", count: 513)
        let text =
            #"{"Kind":"service-intentions","Name":"web","Sources":[{"Name":"a","Action":"deny","Description":"\#(long)"}]}"#
        #expect(problems(of: text).ours == ["1:96: Sources[0].Description: exceeds maximum length 512"])
    }
}
