import DocumentCore

/// Policies and tokens for people, in the layout of Consul's CLI.
enum ACLText {
    /// - Parameter document: a policy with its rules.
    static func policy(_ document: Document) -> String {
        lines([
            ("ID", document["ID"]), ("Name", document["Name"]), ("Description", document["Description"]),
        ]) + datacenters(of: document) + "\nRules:\n" + (document["Rules"]?.string ?? "").printableLines + "\n"
    }

    static func policies(_ documents: [Document]) -> String {
        documents.map { document in
            let head = (document["Name"]?.string ?? "").printable + ":\n"
            return head + lines([("ID", document["ID"]), ("Description", document["Description"])], indent: "   ")
                + datacenters(of: document, indent: "   ") + "\n"
        }.joined()
    }

    static func token(_ document: Document) -> String {
        var text = lines([
            ("AccessorID", document["AccessorID"]), ("SecretID", document["SecretID"]),
            ("Description", document["Description"]),
        ])
        text += line("Local", document["Local"]?.isTrue == true ? "true" : "false")
        text += line("Create Time", document["CreateTime"]?.string ?? "")
        if let end = document["ExpirationTime"]?.string { text += line("Expiration Time", end) }
        text += section("Policies", document["Policies"]) { "\(name($0, "ID")) - \(name($0, "Name"))" }
        text += section("Service Identities", document["ServiceIdentities"]) { identity in
            let places = (identity["Datacenters"]?.list ?? []).compactMap(\.string)
            return
                "\(name(identity, "ServiceName")) (Datacenters: \(places.isEmpty ? "all" : places.joined(separator: ", ")))"
        }
        text += section("Node Identities", document["NodeIdentities"]) { identity in
            "\(name(identity, "NodeName")) (Datacenter: \(name(identity, "Datacenter")))"
        }
        return text
    }

    // MARK: - Parts

    private static func name(_ document: Document, _ key: String) -> String { document[key]?.string ?? "" }

    private static func line(_ label: String, _ value: String, indent: String = "") -> String {
        (indent + (label + ":").padded(to: 18) + value.printable).trimmingEnd + "\n"
    }

    private static func lines(_ fields: [(label: String, value: Document?)], indent: String = "") -> String {
        fields.map { line($0.label, $0.value?.string ?? "", indent: indent) }.joined()
    }

    private static func datacenters(of document: Document, indent: String = "") -> String {
        let names = (document["Datacenters"]?.list ?? []).compactMap(\.string)
        return line("Datacenters", names.joined(separator: ", "), indent: indent)
    }

    private static func section(_ title: String, _ list: Document?, _ item: (Document) -> String) -> String {
        let items = list?.list ?? []
        guard !items.isEmpty else { return "" }
        return "\(title):\n" + items.map { "   \(item($0).printable)\n" }.joined()
    }
}
