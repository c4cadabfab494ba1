package import DocumentCore

extension ConfigEntry {
    /// Writes the entry as a value, with the keys of Consul in its order. A mesh entry has no name there.
    ///
    /// - Parameter createIndex, modifyIndex: those of the row; the entry itself does not know them.
    package func write(to json: inout JSONWriter, createIndex: UInt64, modifyIndex: UInt64) {
        json.object { json in
            json.field("Kind", kind.rawValue)
            if kind != .mesh { json.field("Name", name) }
            writeContent(to: &json)
            json.fieldIfNotEmpty("Meta", meta)
            json.field("CreateIndex", createIndex)
            json.field("ModifyIndex", modifyIndex)
        }
    }

    package func json(
        createIndex: UInt64, modifyIndex: UInt64, style: JSONWriter.Style = .compact
    ) -> [UInt8] {
        var json = JSONWriter(style: style)
        write(to: &json, createIndex: createIndex, modifyIndex: modifyIndex)
        return json.bytes
    }

    private func writeContent(to json: inout JSONWriter) {
        switch content {
        case .exportedServices(let services): json.exportedServices(services)
        case .mesh(let settings): settings.writeFields(to: &json)
        case .serviceDefaults(let defaults): defaults.writeFields(to: &json)
        case .proxyDefaults(let defaults): defaults.writeFields(to: &json)
        case .serviceIntentions(let intentions): intentions.writeFields(to: &json)
        case .serviceResolver(let members), .serviceRouter(let members), .serviceSplitter(let members):
            json.fields(members)
        }
    }
}

extension JSONWriter {
    /// Those of the kept settings that have these keys, in the order of the keys.
    mutating func fields(_ keys: String..., of kept: [DocumentMember]) {
        for key in keys {
            if let member = kept.first(where: { $0.key == key }) { field(key, member.value) }
        }
    }
}
