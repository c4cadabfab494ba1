import DocumentCore

/// Roots of the CA as a table, the active one first.
enum RootsText {
    /// - Parameter answer: of `/v1/connect/ca/roots`.
    static func table(_ answer: Document) -> String {
        let roots = answer["Roots"]?.list ?? []
        let rows = roots.map { root in
            [
                root["ID"]?.string ?? "", root["Active"]?.content == .bool(true) ? "active" : "trusted",
                date(root["NotBefore"]), date(root["NotAfter"]),
                root["RotatedOutAt"].map { PeeringText.time($0.string) } ?? "",
            ]
        }
        let sorted = rows.sorted { ($0[1], $1[2]) < ($1[1], $0[2]) }
        return Table.render([["Root", "State", "From", "To", "Rotated Out"]] + sorted)
    }

    private static func date(_ time: Document?) -> String { String((time?.string ?? "").prefix(10)) }
}
