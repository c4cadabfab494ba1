extension String {
    /// The text as it may appear in logs and errors: what a peer chose must not move the cursor of a terminal, start
    /// a new log line or fill the disk.
    var printable: String {
        let limit = 200
        var text = ""
        for scalar in self.unicodeScalars.prefix(limit) {
            text.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
        }
        return text
    }
}
