/// Another number for other bytes, the same in every process: FNV-1a with 128 bits (draft-eastlake-fnv, sections 2 and 5).
/// Nobody is kept from making two contents with one number.
enum Fingerprint {
    static func of(_ bytes: some Sequence<UInt8>) -> UInt128 {
        bytes.reduce(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d) { ($0 ^ UInt128($1)) &* (1 << 88 | 0x13b) }
    }
}
