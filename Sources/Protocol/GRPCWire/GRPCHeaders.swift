package import NIOCore

/// What a client asks for: the fields of a request.
package struct GRPCRequestHead: Sendable, Equatable {
    /// `/package.Service/Method`
    package var path: String
    package var authority: String
    /// `http` or `https`
    package var scheme: String
    package var metadata: GRPCMetadata
    package var timeout: TimeAmount?

    package init(
        path: String, authority: String, scheme: String, metadata: GRPCMetadata = [:], timeout: TimeAmount? = nil
    ) {
        self.path = path
        self.authority = authority
        self.scheme = scheme
        self.metadata = metadata
        self.timeout = timeout
    }

    /// The header block that a client sends, pseudo-header fields first.
    package func fields(userAgent: String) -> [GRPCField] {
        var fields = [
            GRPCField(":method", "POST"), GRPCField(":scheme", scheme), GRPCField(":path", path),
            GRPCField(":authority", authority), GRPCField("content-type", GRPCContentType.plain),
            GRPCField("user-agent", userAgent), GRPCField("te", "trailers"),
        ]
        if let timeout { fields.append(GRPCField("grpc-timeout", GRPCTimeout.format(timeout))) }
        return fields + metadata.fields.filter { $0.name != "user-agent" }
    }
}

package enum GRPCContentType {
    package static let plain = "application/grpc"

    /// `application/grpc`, alone or followed by `+format` or `;parameter`; others are not gRPC.
    package static func isGRPC(_ value: String) -> Bool {
        let lower = value.lowercased()
        guard lower.hasPrefix(plain) else { return false }
        let rest = lower.dropFirst(plain.count)
        return rest.isEmpty || rest.first == "+" || rest.first == ";"
    }
}

/// Header blocks that say how a call ended.
package enum GRPCTrailers {
    /// The fields of trailers.
    package static func fields(_ status: GRPCStatus) -> [GRPCField] {
        var fields = [GRPCField("grpc-status", "\(status.code.rawValue)")]
        if !status.message.isEmpty {
            fields.append(GRPCField("grpc-message", PercentEncoding.encode(status.message)))
        }
        if !status.details.isEmpty {
            fields.append(GRPCField("grpc-status-details-bin", Base64.encode(status.details)))
        }
        return fields + status.trailers.fields
    }

    /// A response of one header block: no message was sent.
    package static func onlyFields(_ status: GRPCStatus, httpStatus: Int = 200) -> [GRPCField] {
        [GRPCField(":status", "\(httpStatus)"), GRPCField("content-type", GRPCContentType.plain)] + fields(status)
    }

    /// The status in a header block, or `nil` if it has none.
    package static func status(in block: [GRPCField]) -> GRPCStatus? {
        guard let text = block.first("grpc-status") else { return nil }
        let trailers = GRPCMetadata(received: block)
        guard let number = Int(text) else {
            return GRPCStatus(.unknown, "the peer's grpc-status is not a number", trailers: trailers)
        }
        let details = block.first("grpc-status-details-bin").flatMap { Base64.decode($0) }
        return GRPCStatus(
            GRPCCode(rawValue: number) ?? .unknown, PercentEncoding.decode(block.first("grpc-message") ?? ""),
            details: details ?? [], trailers: trailers)
    }
}

/// A path cut into service and method.
package struct GRPCMethodName: Sendable, Hashable {
    package var service: String
    package var method: String

    /// - Returns: `nil` if the path is not `/service/method`.
    package init?(path: String) {
        guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        service = String(path[path.index(after: path.startIndex)..<slash])
        method = String(path[path.index(after: slash)...])
    }
}
