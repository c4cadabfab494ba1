import CatalogCore
import HealthCore
import NIOCore
import NIOHTTP1
import PeeringCore

extension Prober {
    /// Requests that follow redirects, as Go's client does.
    private static let maxRedirects = 10

    /// Sends the request and judges the answer: 2xx is passing, 429 a warning, the rest critical.
    func askHTTP(_ probe: HTTPProbe, within timeout: Duration, maxOutputBytes: Int) async -> ProbeOutcome {
        let verb = probe.method.prefix(1).uppercased() + probe.method.dropFirst().lowercased()
        guard let url = ProbeURL(probe.url) else {
            return ProbeOutcome(.critical, "\(verb) \"\(probe.url)\": not an http or https URL")
        }
        var hop = HTTPHop(url: url, method: probe.method, body: probe.body)
        let deadline = ContinuousClock.now + timeout
        do {
            var reply = try await exchange(hop, probe, until: deadline, of: timeout, maxOutputBytes)
            var redirects = 0
            while probe.followsRedirects, let next = hop.following(reply.head) {
                redirects += 1
                guard redirects <= Self.maxRedirects else {
                    throw ProbeFailure(description: "stopped after \(Self.maxRedirects) redirects")
                }
                hop = next
                reply = try await exchange(hop, probe, until: deadline, of: timeout, maxOutputBytes)
            }
            let status = reply.head.status
            let line = "\(status.code) \(status.reasonPhrase)"
            return ProbeOutcome(
                Self.health(status.code), "HTTP \(probe.method) \(probe.url): \(line) Output: \(reply.body.text)")
        } catch {
            let dial = (error as? ProbeFailure)?.isOfDialing == true ? "dial tcp \(hop.url.target): " : ""
            return ProbeOutcome(.critical, "\(verb) \"\(hop.url)\": \(dial)\(ProbeFailure.words(for: error))")
        }
    }

    private static func health(_ status: UInt) -> HealthStatus {
        switch status {
        case 200...299: .passing
        case 429: .warning
        default: .critical
        }
    }

    private func exchange(
        _ hop: HTTPHop, _ probe: HTTPProbe, until deadline: ContinuousClock.Instant, of timeout: Duration,
        _ maxOutputBytes: Int
    ) async throws -> HTTPReply {
        let rest = deadline - .now
        guard rest > .zero else { throw ProbeFailure.timedOut(after: timeout) }
        let head = hop.head(of: probe)
        return try await ProbeConnection.exchange(with: hop.url.target, within: rest, on: group) {
            [security] channel, promise in
            if hop.url.isSecured {
                try security.add(to: channel, probe.tls, host: hop.url.target.host, protocols: ["http/1.1"])
            }
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(
                HTTPExchangeHandler(head, body: ByteBuffer(string: hop.body), maxOutputBytes: maxOutputBytes, promise))
        }
    }
}

/// One request of a check, which may be the follower of a redirect.
private struct HTTPHop {
    var url: ProbeURL
    var method: String
    var body: String
    /// A redirect that leads to another host takes no credentials along.
    var isElsewhere = false

    private static let userAgent = "Consul Health Check"
    private static let credentials: Set = ["authorization", "cookie", "cookie2", "www-authenticate"]

    /// The next request, if the answer is a redirect: 307 and 308 repeat this one, the others fetch.
    func following(_ head: HTTPResponseHead) -> HTTPHop? {
        guard [301, 302, 303, 307, 308].contains(head.status.code), let location = head.headers.first(name: "Location"),
            let url = url.following(location)
        else { return nil }
        var next = self
        next.url = url
        next.isElsewhere = isElsewhere || url.target.host != self.url.target.host
        if head.status.code < 307 {
            next.body = ""
            if method != "HEAD" { next.method = "GET" }
        }
        return next
    }

    func head(of probe: HTTPProbe) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: url.path)
        for (name, values) in probe.headers.sorted(by: { $0.key < $1.key }) {
            if isElsewhere, Self.credentials.contains(name.lowercased()) || name.lowercased() == "host" { continue }
            for value in values { head.headers.add(name: name, value: value) }
        }
        head.headers.addIfMissing("Host", url.authority)
        head.headers.addIfMissing("User-Agent", Self.userAgent)
        head.headers.addIfMissing("Accept", "text/plain, text/*, */*")
        if !url.userInfo.isEmpty { head.headers.addIfMissing("Authorization", "Basic \(basicCredentials)") }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        if !body.isEmpty || method == "POST" || method == "PUT" {
            head.headers.replaceOrAdd(name: "Content-Length", value: "\(body.utf8.count)")
        }
        return head
    }

    private var basicCredentials: String { Base64.encode(Array(url.userInfo.utf8)) }
}

extension HTTPHeaders {
    fileprivate mutating func addIfMissing(_ name: String, _ value: String) {
        if !contains(name: name) { add(name: name, value: value) }
    }
}
