import ConfigCore
import DocumentCore
import NIOCore
import PeeringCore

extension ResolvedAgentConfiguration {
    /// The settings with their addresses checked and without the brackets around IPv6: what peers are told travels in
    /// tokens, where a wrong address would be found by somebody else, later.
    ///
    /// - Throws: all that is wrong, as sentences that name Consul's keys.
    func withCheckedAddresses() throws(DocumentProblems) -> ResolvedAgentConfiguration {
        var settings = self
        var problems: [String] = []
        func check(_ key: String, _ text: String) -> String {
            let host = AddressSetting.withoutBrackets(text)
            if let problem = AddressSetting.problem(with: host) {
                problems.append("\(key) cannot be \(quoted(text)): \(problem)")
            }
            return host
        }
        func checkList(_ key: String, _ text: String, allowsSockets: Bool = false) -> String {
            guard AddressSetting.template(text) == nil else { return check(key, text) }
            let hosts = text.split(separator: " ").map { host in
                allowsSockets && AddressSetting.socketPath(String(host)) != nil
                    ? String(host) : check(key, String(host))
            }
            if hosts.isEmpty { problems.append("\(key) cannot be empty: -http-port -1 switches the HTTP API off") }
            return hosts.joined(separator: " ")
        }
        settings.bindAddress = check("bind_addr", bindAddress)
        settings.clientAddress = checkList("client_addr", clientAddress)
        settings.doors.httpAddresses = doors.httpAddresses.map {
            checkList("addresses.http", $0, allowsSockets: true)
        }
        settings.doors.httpsAddresses = doors.httpsAddresses.map { checkList("addresses.https", $0) }
        settings.advertiseAddress = advertiseAddress.map { check("advertise_addr", $0) }
        if let advertised = settings.advertiseAddress, AddressSetting.isWildcard(advertised) {
            problems.append(
                "advertise_addr cannot be \(quoted(advertised)): peers reach the daemon there. Write an address of "
                    + "this machine")
        }
        guard problems.isEmpty else {
            throw DocumentProblems(problems: problems.map { DocumentProblem(.invalid, at: .none, $0) })
        }
        return settings
    }
}

/// Rules of one address among the agent's settings.
enum AddressSetting {
    /// One address, or several separated by spaces.
    static func list(_ addresses: String) -> [String] { addresses.split(separator: " ").map(String.init) }

    /// Of a DNS name (RFC 1035 section 2.3.4).
    private static let maxNameBytes = 253

    /// Operators write `[::1]` where a port follows elsewhere.
    static func withoutBrackets(_ text: String) -> String {
        text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
    }

    /// Stands for every address of the machine.
    static func isWildcard(_ host: String) -> Bool { host == "0.0.0.0" || host == "::" }

    /// Why this is no address of a host, as the end of a sentence; nil if it is one.
    static func problem(with host: String) -> String? {
        if let problem = template(host) { return problem }
        if host.isEmpty { return "write an IP address or the name of a host, or leave it out" }
        if socketPath(host) != nil { return "only addresses.http may name a Unix socket. Write an IP address" }
        return isIPAddress(host) || isName(host) ? nil : "write an IP address or the name of a host, without a port"
    }

    /// The path of `unix:///path`.
    static func socketPath(_ text: String) -> String? {
        let scheme = "unix://"
        return text.hasPrefix(scheme) ? String(text.dropFirst(scheme.count)) : nil
    }

    /// Reached by this machine alone.
    static func isLoopback(_ host: String) -> Bool { HostPort(host: host, port: 1).reach == .thisMachine }

    /// Consul's `{{ GetPrivateIP }}` and the like.
    static func template(_ text: String) -> String? {
        text.contains("{{") ? "address templates are not read by hawser. Write the address itself" : nil
    }

    /// With or without the zone of a link-local address.
    private static func isIPAddress(_ host: String) -> Bool {
        let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || (parts[0].contains(":") && !parts[1].isEmpty) else { return false }
        return (try? SocketAddress(ipAddress: String(parts[0]), port: 0)) != nil
    }

    /// The last label holds a letter, so that a mistyped IP address is none (RFC 1123 section 2.1).
    private static func isName(_ host: String) -> Bool {
        let absolute = host.hasSuffix(".") ? host.dropLast() : host[...]
        let labels = absolute.split(separator: ".", omittingEmptySubsequences: false)
        guard absolute.utf8.count <= maxNameBytes, labels.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isNameByte) })
        else { return false }
        return labels.last?.utf8.contains(where: isLetter) ?? false
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
