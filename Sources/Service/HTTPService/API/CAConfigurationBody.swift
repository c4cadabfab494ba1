import DocumentCore

/// The body of `PUT /v1/connect/ca/configuration`, as far as it means anything here: the CA is built in, and its keys
/// are of one type.
struct CAConfigurationBody {
    static let provider = "consul"
    static let keyType = "ec"
    static let keyBits = 256

    /// In Consul it says that a root may change though the old one signs nothing of it; here, that a new one is wanted.
    var forcesRotation: Bool

    init?(_ map: inout MapReader) {
        let provider = map.string("provider") ?? ""
        if !provider.isEmpty, provider != Self.provider {
            map.consulRefuses("provider", "unknown CA provider type \(quoted(provider)): the CA of hawser is its own")
        }
        forcesRotation = map.bool("force_without_cross_signing") ?? false
        _ = map.map("config") { config -> Void? in
            let type = config.string("private_key_type") ?? Self.keyType
            let bits = config.integer("private_key_bits", in: 0...65_536) ?? Self.keyBits
            guard type.isEmpty || type == Self.keyType, bits == 0 || bits == Self.keyBits else {
                config.consulRefuses(
                    "private_key_type",
                    "private keys are of type \(Self.keyType) and \(Self.keyBits) bits, and not \(type) of \(bits)")
                return nil
            }
            return ()
        }
    }
}
