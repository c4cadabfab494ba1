import DocumentCore

/// Tokens that were handed out, as a table.
enum TokenText {
    /// - Parameter answer: of `/v1/hawser/tokens`.
    static func table(_ answer: Document) -> String {
        let rows = (answer.list ?? []).map { token in
            [
                token["Peer"]?.string ?? "", token["State"]?.string ?? "", time(token["CreatedAt"]),
                token["ExpiresAt"]?.string == nil ? "never" : time(token["ExpiresAt"]),
                "\(token["UsesLeft"]?.integer ?? 0)/\(token["Uses"]?.integer ?? 1)", token["Note"]?.string ?? "",
            ]
        }
        return Table.render([["Peer", "State", "Created", "Expires", "Uses Left", "Note"]] + rows)
    }

    private static func time(_ value: Document?) -> String { value?.string.map { PeeringText.time($0) } ?? "-" }
}
