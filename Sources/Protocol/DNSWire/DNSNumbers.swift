/// What is asked for, or what a record is (RFC 1035 section 3.2.2 and later ones). Others are kept as they came.
package struct RecordType: Hashable, Sendable, RawRepresentable {
    package var rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let a = RecordType(rawValue: 1)
    package static let ns = RecordType(rawValue: 2)
    package static let cname = RecordType(rawValue: 5)
    package static let soa = RecordType(rawValue: 6)
    package static let ptr = RecordType(rawValue: 12)
    package static let txt = RecordType(rawValue: 16)
    package static let aaaa = RecordType(rawValue: 28)
    package static let srv = RecordType(rawValue: 33)
    static let opt = RecordType(rawValue: 41)
    /// Transfers of a whole zone, and of what changed in it.
    package static let ixfr = RecordType(rawValue: 251)
    package static let axfr = RecordType(rawValue: 252)
    /// Whatever there is.
    package static let any = RecordType(rawValue: 255)
}

/// The kind of network that a name is asked for in. All but `internet` are history.
package struct RecordClass: Hashable, Sendable, RawRepresentable {
    package var rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let internet = RecordClass(rawValue: 1)
    package static let any = RecordClass(rawValue: 255)
}

/// What became of a query (RFC 1035 section 4.1.1, RFC 6891 section 9).
package enum ResponseCode: UInt16, Sendable {
    case success = 0
    case formatError = 1
    case serverFailure = 2
    case nameError = 3
    case notImplemented = 4
    case refused = 5
    /// Its upper bits stand in the OPT record.
    case badVersion = 16
}
