/// The protocols of the ALPN extension, while their bytes come in.
///
/// RFC 7301 lets a name be any bytes. Kept are those of letters, digits and `-._~/+:`, as all are that IANA has
/// registered for a protocol. The others cannot stand in a route or a log and are left out, which is no fault of the
/// client's: reserved names of RFC 8701 are such, and sent to see that nobody minds them.
struct ProtocolNameBytes: Sendable {
    private(set) var names: [String] = []

    private let maxNames: Int
    private var bytesLeft: Int
    private var current: [UInt8] = []
    private var isKept = false

    init(limits: ClientHelloLimits) {
        self.maxNames = limits.maxProtocols
        self.bytesLeft = limits.maxProtocolBytes
    }

    /// - Parameter count: how many bytes the next name has, 255 at most by its format.
    mutating func nameBegan(count: Int) {
        current.removeAll(keepingCapacity: true)
        isKept = count <= bytesLeft && names.count < maxNames
        if isKept { current.reserveCapacity(count) }
    }

    mutating func byteReceived(_ byte: UInt8) {
        guard isKept else { return }
        isKept = Self.isLegal(byte)
        current.append(byte)
    }

    mutating func nameEnded() {
        guard isKept else { return }
        bytesLeft -= current.count
        names.append(String(decoding: current, as: UTF8.self))
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"),
            UInt8(ascii: "+"), UInt8(ascii: ":"):
            true
        default:
            false
        }
    }
}
