/// The secret that commands show to the daemon.
enum AccessToken {
    /// A UUID and a line break, and far more than that.
    private static let maxFileBytes = 4096

    /// The flags win over the environment, and there Hawser's own variables over Consul's; a token over a file.
    ///
    /// - Returns: the secret; empty for none.
    static func find(
        option: String?, file: String?, environment: (String) -> String?
    ) throws(CommandFailure) -> String {
        if let option = filled(option) { return option }
        if let file = filled(file) { return try read(file) }
        for prefix in ["HAWSER", "CONSUL"] {
            if let token = filled(environment("\(prefix)_HTTP_TOKEN")) { return token }
            if let file = filled(environment("\(prefix)_HTTP_TOKEN_FILE")) { return try read(file) }
        }
        return ""
    }

    private static func filled(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    private static func read(_ path: String) throws(CommandFailure) -> String {
        let bytes = try SystemFiles.read(path, limit: maxFileBytes)
        return String(decoding: bytes, as: UTF8.self)[...].trimmingSpaces
    }
}
