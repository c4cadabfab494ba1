import CatalogCore
import ConfigCore
import DocumentCore
import Testing

@Suite struct CheckDefinitionTests {
    /// One check, by itself, as the HTTP API gets it.
    private func read(_ text: String) throws -> (check: HealthCheck?, problems: [String]) {
        let collector = ProblemCollector()
        let check = MapReader.read(try JSONReader.read(text), unknown: .ignore, into: collector) {
            CheckDefinition.registered(&$0)
        }
        return (check, collector.problems.map(\.message))
    }

    private func plan(_ text: String) throws -> CheckPlan? {
        let found = try read(text)
        #expect(found.problems.isEmpty)
        return found.check?.plan
    }

    @Test func readsHowChecksAreRun() throws {
        #expect(try plan(#"{"Name":"n","TTL":"15s"}"#) == CheckPlan(probe: .ttl(.seconds(15))))
        #expect(
            try plan(#"{"Name":"n","TCP":"h:1","Interval":"2s","TCPUseTLS":true,"TLSServerName":"x"}"#)
                == CheckPlan(probe: .tcp("h:1", tls: CheckTLS(serverName: "x")), interval: .seconds(2)))
        #expect(
            try plan(#"{"Name":"n","GRPC":"h:1/a/b","Interval":"2s"}"#)
                == CheckPlan(probe: .grpc("h:1", service: "a/b", tls: nil), interval: .seconds(2)))
        #expect(
            try plan(#"{"Name":"n","H2PING":"h:1","Interval":"2s","TLSSkipVerify":true}"#)
                == CheckPlan(probe: .h2ping("h:1", tls: CheckTLS(skipsVerification: true)), interval: .seconds(2)))
        #expect(
            try plan(#"{"Name":"n","H2PING":"h:1","H2PingUseTLS":false,"Interval":"2s"}"#)
                == CheckPlan(probe: .h2ping("h:1", tls: nil), interval: .seconds(2)))
        #expect(
            try plan(#"{"Name":"n","AliasNode":"a","AliasService":"b"}"#)
                == CheckPlan(probe: .alias(AliasTarget(node: "a", serviceID: "b"))))
        #expect(
            try plan(
                #"""
                {"Name":"n","HTTP":"http://h/","Method":"POST","Header":{"A":["1","2"],"B":"3"},"Body":"b",
                "DisableRedirects":true,"Interval":"2s","Timeout":"3s"}
                """#)
                == CheckPlan(
                    probe: .http(
                        HTTPProbe(
                            url: "http://h/", method: "POST", headers: ["A": ["1", "2"], "B": ["3"]], body: "b",
                            followsRedirects: false)), interval: .seconds(2), timeout: .seconds(3)))
    }

    @Test func hasConsulsBoundsAndDefaults() throws {
        let plan = try #require(
            try plan(
                #"""
                {"Name":"n","TCP":"h:1","Interval":"1ms","FailuresBeforeCritical":3,"SuccessBeforePassing":2,
                "OutputMaxSize":9999,"DeregisterCriticalServiceAfter":"1s"}
                """#))
        #expect(plan.interval == .seconds(1) && plan.timeout == .seconds(10) && plan.maxOutputBytes == 4096)
        #expect(plan.failuresBeforeWarning == 3 && plan.failuresBeforeCritical == 3 && plan.successBeforePassing == 2)
        #expect(plan.deregisterAfter == .seconds(60))
    }

    @Test func namesACheckAfterItsNameAndKeepsWhoseItIs() throws {
        let check = try #require(try read(#"{"Name":"n","ServiceID":"web-1","TTL":"1s","Status":"passing"}"#).check)
        #expect(check.checkID == "n" && check.serviceID == "web-1" && check.status == .passing && check.type == "ttl")
        #expect(try read(#"{"ID":"i","Name":"n","TTL":"1s"}"#).check?.checkID == "i")
    }

    @Test(
        arguments: [
            (#""Interval":"1s","TTL":"1s""#, "Interval and TTL cannot both be specified"),
            (#""TCP":"h:1""#, "Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks"),
            (#""TCP":"h:1","Interval":"1s","AliasNode":"x""#, "Interval cannot be set for Alias checks"),
            (#""TTL":"1s","AliasNode":"x""#, "TTL must be not be set for Alias checks"),
            (#""Notes":"x""#, "TTL must be > 0 for TTL checks"),
            (#""TTL":"-1s""#, "TTL must be > 0 for TTL checks"),
            (#""TTL":"1s","OutputMaxSize":-1"#, "MaxOutputMaxSize must be positive"),
            (
                #""TTL":"1s","FailuresBeforeWarning":2,"FailuresBeforeCritical":1"#,
                "FailuresBeforeWarning can't be higher than FailuresBeforeCritical"
            ),
            (
                #""Args":["/bin/true"],"Interval":"1s""#,
                "script and docker checks are not run: hawser runs no programs; let it report through a TTL check, "
                    + "or ask it with a tcp, http or grpc check"
            ),
            (
                #""OSService":"x","Interval":"1s""#,
                "os_service checks are not run: hawser asks no service manager; let it report through a TTL check, "
                    + "or ask it with a tcp, http or grpc check"
            ),
        ])
    func refuses(keys: String, because words: String) throws {
        #expect(try read("{\"Name\":\"n\",\(keys)}").problems == [words])
    }

    @Test func sidecarsAreCheckedUnlessTheySayHow() throws {
        let text = #"{"name":"api","id":"a1","port":80,"connect":{"sidecar_service":{}}}"#
        let found = MapReader.read(try JSONReader.read(text), into: ProblemCollector()) {
            ServiceDefinition.registrations(&$0)
        }
        var sidecar = try #require(found?.last)
        #expect(sidecar.checks.map(\.name) == ["Connect Sidecar Listening", "Connect Sidecar Aliasing a1"])
        #expect(sidecar.checks.map(\.checkID) == ["service:a1-sidecar-proxy:1", "service:a1-sidecar-proxy:2"])
        #expect(sidecar.checks.map(\.interval) == ["10s", ""])
        sidecar.assignPort(21_000)
        #expect(
            sidecar.checks.map(\.plan?.probe)
                == [.tcp("127.0.0.1:21000", tls: nil), .alias(AliasTarget(serviceID: "a1"))])
    }
}
