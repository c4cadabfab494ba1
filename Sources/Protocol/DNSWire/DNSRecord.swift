/// One record of an answer, of the class `internet`.
package struct DNSRecord: Hashable, Sendable {
    package var name: DomainName
    /// In seconds.
    package var timeToLive: UInt32
    package var data: RecordData

    package init(name: DomainName, timeToLive: UInt32, data: RecordData) {
        self.name = name
        self.timeToLive = timeToLive
        self.data = data
    }
}

/// What a record says.
package enum RecordData: Hashable, Sendable {
    case a(UInt32)
    case aaaa(UInt128)
    case ns(DomainName)
    case cname(DomainName)
    case ptr(DomainName)
    case soa(StartOfAuthority)
    case srv(priority: UInt16, weight: UInt16, port: UInt16, target: DomainName)
    /// Of any length: it travels in strings of at most 255 bytes.
    case txt([UInt8])

    package var type: RecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .ns: .ns
        case .cname: .cname
        case .ptr: .ptr
        case .soa: .soa
        case .srv: .srv
        case .txt: .txt
        }
    }
}

/// Who answers for a zone, and for how long others may rely on it (RFC 1035 section 3.3.13). Times are in seconds.
package struct StartOfAuthority: Hashable, Sendable {
    package var server: DomainName
    /// The mailbox of who is responsible, as a name.
    package var mailbox: DomainName
    package var serial: UInt32
    package var refresh: UInt32
    package var retry: UInt32
    package var expire: UInt32
    /// How long it may be remembered that a name is not there (RFC 2308 section 4).
    package var minimum: UInt32

    package init(
        server: DomainName, mailbox: DomainName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32,
        minimum: UInt32
    ) {
        self.server = server
        self.mailbox = mailbox
        self.serial = serial
        self.refresh = refresh
        self.retry = retry
        self.expire = expire
        self.minimum = minimum
    }
}
