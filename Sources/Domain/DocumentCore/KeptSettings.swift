/// A setting that is checked here and acted on elsewhere: its key, its shape and when it says something.
package struct KeptSetting: Sendable {
    package indirect enum Shape: Sendable {
        case string
        /// In lower case.
        case lowercase
        case boolean
        /// - Parameter refusal: what Consul says of one out of range, if it says something of its own.
        case integer(ClosedRange<Int>, refusal: String? = nil)
        /// The same, and 0 says something too.
        case number(ClosedRange<Int>, refusal: String? = nil)
        /// Kept in nanoseconds, as Consul answers it.
        ///
        /// - Parameter negativeRefusal: what Consul says of negative ones.
        case duration(negativeRefusal: String)
        case choice([String], refusal: @Sendable (String) -> String)
        case strings
        case opaqueMap
        case map([KeptSetting])
        case maps([KeptSetting])
    }

    var key: String
    var shape: Shape

    package init(_ key: String, _ shape: Shape) {
        self.key = key
        self.shape = shape
    }
}

extension MapReader {
    /// Settings under their proper keys, in the order of the table, as Consul would answer them: without those that
    /// are not there or say nothing.
    package mutating func kept(_ settings: [KeptSetting]) -> [DocumentMember] {
        settings.compactMap { setting in
            kept(setting).map { DocumentMember(setting.key, Document($0)) }
        }
    }

    private mutating func kept(_ setting: KeptSetting) -> Document.Content? {
        let key = setting.key
        switch setting.shape {
        case .string:
            return string(key).flatMap { $0.isEmpty ? nil : .string($0) }
        case .lowercase:
            return string(key).flatMap { $0.isEmpty ? nil : .string($0.lowercased()) }
        case .boolean:
            return bool(key) == true ? .bool(true) : nil
        case .integer(let range, let refusal):
            return integer(key, in: range, refusal: refusal).flatMap { $0 == 0 ? nil : .integer(Int64($0)) }
        case .number(let range, let refusal):
            return integer(key, in: range, refusal: refusal).map { .integer(Int64($0)) }
        case .duration(let refusal):
            return duration(key, negativeRefusal: refusal).flatMap {
                $0.nanoseconds == 0 ? nil : .integer($0.nanoseconds)
            }
        case .choice(let names, let refusal):
            return choice(key, among: names, refusal: refusal).map { .string($0.text) }
        case .strings:
            return strings(key).flatMap { $0.isEmpty ? nil : .list($0.map { Document(.string($0)) }) }
        case .opaqueMap:
            return opaqueMap(key)?.content
        case .map(let inner):
            return map(key) { .map($0.kept(inner)) }
        case .maps(let inner):
            let items = maps(key) { Document(.map($0.kept(inner))) }
            return items.flatMap { $0.isEmpty ? nil : .list($0) }
        }
    }
}
