import CatalogCore
import DNSWire
import NameCore

extension NameInterest {
    init(_ type: RecordType) {
        switch type {
        case .a: self = .a
        case .aaaa: self = .aaaa
        case .srv: self = .srv
        case .txt: self = .txt
        case .ptr: self = .ptr
        case .ns: self = .ns
        case .soa: self = .soa
        case .cname: self = .cname
        case .any: self = .any
        default: self = .other
        }
    }
}

extension DNSResponse {
    init(_ answer: NameAnswer, to query: DNSQuery) {
        switch answer.verdict {
        case .known: self.init(.success, to: query)
        case .unknown: self.init(.nameError, to: query)
        case .foreign: self.init(.refused, to: query)
        }
        isAuthoritative = answer.verdict != .foreign
        let asked = query.question.name
        answers = answer.answers.compactMap { DNSRecord($0, asked) }
        authorities = answer.authorities.compactMap { DNSRecord($0, asked) }
        additionals = answer.additionals.compactMap { DNSRecord($0, asked) }
    }
}

extension DNSRecord {
    /// Nil if the catalog has a name that is none in DNS.
    fileprivate init?(_ record: NameRecord, _ asked: DomainName) {
        guard let name = record.owner.map({ DomainName(labels: $0) }) ?? asked, let data = RecordData(record.fact)
        else {
            return nil
        }
        self.init(name: name, timeToLive: record.timeToLive, data: data)
    }
}

extension RecordData {
    fileprivate init?(_ fact: NameFact) {
        func name(_ labels: [String], _ make: (DomainName) -> RecordData) -> RecordData? {
            DomainName(labels: labels).map(make)
        }
        let data: RecordData? =
            switch fact {
            case .address(.v4(let address)): .a(address)
            case .address(.v6(let address)): .aaaa(address)
            case .pointer(let labels): name(labels) { .ptr($0) }
            case .alias(let labels): name(labels) { .cname($0) }
            case .nameServer(let labels): name(labels) { .ns($0) }
            case .service(let weight, let port, let target):
                name(target) { .srv(priority: 1, weight: weight, port: port, target: $0) }
            case .text(let text): .txt(Array(text.utf8))
            case .authority(let authority): StartOfAuthority(authority).map { .soa($0) }
            }
        guard let data else { return nil }
        self = data
    }
}

extension StartOfAuthority {
    fileprivate init?(_ authority: NameAuthority) {
        guard let server = DomainName(labels: authority.server), let mailbox = DomainName(labels: authority.mailbox)
        else { return nil }
        self.init(
            server: server, mailbox: mailbox, serial: authority.serial, refresh: authority.refresh,
            retry: authority.retry, expire: authority.expire, minimum: authority.minimum)
    }
}
