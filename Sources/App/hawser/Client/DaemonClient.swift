import DocumentCore

/// The daemon's API as the commands use it: paths in, JSON documents out.
struct DaemonClient: Sendable {
    var http: HTTPClient

    /// Asks for a document.
    ///
    /// - Parameter wait: seconds that the daemon itself may take, on top of the usual time.
    func get(
        _ path: APIPath, wait: Int64 = 0
    ) async throws(ClientError) -> (document: Document, index: UInt64) {
        let answer = try await send(.get, path, seconds: http.limits.answerSeconds + wait)
        let index = answer.header("X-Consul-Index").flatMap { UInt64($0) } ?? 0
        return (try read(answer.body), index)
    }

    /// Changes something.
    ///
    /// - Returns: the body of the answer, which may be empty.
    @discardableResult
    func change(
        _ method: ClientMethod, _ path: APIPath, body: [UInt8] = []
    ) async throws(ClientError) -> [UInt8] {
        try await send(method, path, body: body, seconds: http.limits.answerSeconds).body
    }

    /// Changes something that is answered with a document.
    func exchange(
        _ method: ClientMethod, _ path: APIPath, body: [UInt8] = []
    ) async throws(ClientError) -> Document {
        try read(try await change(method, path, body: body))
    }

    func read(_ json: [UInt8]) throws(ClientError) -> Document {
        do {
            return try JSONReader.read(json, limits: DocumentLimits(maxBytes: http.limits.maxAnswerBytes))
        } catch {
            throw ClientError(
                .malformed,
                "what listens at \(http.address) is not the daemon's HTTP API: its answer is no JSON (\(error))")
        }
    }

    private func send(
        _ method: ClientMethod, _ path: APIPath, body: [UInt8] = [], seconds: Int64
    ) async throws(ClientError) -> ClientAnswer {
        let answer = try await http.send(
            ClientRequest(method: method, target: path.text, body: body, seconds: seconds))
        guard (200..<300).contains(answer.status) else {
            let words = String(decoding: answer.body.prefix(4096), as: UTF8.self)
            throw ClientError(
                .refused(status: answer.status), words.isEmpty ? "the daemon answered \(answer.status)" : words)
        }
        return answer
    }
}

/// A path and its query, with every part percent-encoded.
struct APIPath: Sendable {
    private(set) var text: String

    init(_ parts: String...) {
        text = "/v1" + parts.map { "/" + Self.encoded($0) }.joined()
    }

    /// Adds a query value; nil and empty ones are left out.
    func query(_ key: String, _ value: String?) -> APIPath {
        guard let value, !value.isEmpty else { return self }
        var path = self
        path.text += (text.contains("?") ? "&" : "?") + key + "=" + Self.encoded(value)
        return path
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" + hex : hex)
            }
        }
        return result
    }
}
