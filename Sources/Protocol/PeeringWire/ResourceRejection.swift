/// Why a response is not applied: the error of a NACK, with Consul's codes and texts (protocol section 4.4).
package struct ResourceRejection: Error, Hashable, Sendable {
    /// A gRPC code: 3 or 13 in what we send.
    package var code: Int32
    /// For the peer's log.
    package var message: String

    package init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    private static let invalidArgument: Int32 = 3
    private static let `internal`: Int32 = 13

    package static func unknownType(_ url: ResourceURL) -> ResourceRejection {
        ResourceRejection(
            code: invalidArgument, message: "received response for unknown resource type \(quoted(url.string))")
    }

    package static func noNonce(_ url: ResourceURL, id: String) -> ResourceRejection {
        ResourceRejection(
            code: invalidArgument, message: "received response without a nonce for: \(short(url.string)):\(short(id))")
    }

    package static var noContent: ResourceRejection {
        ResourceRejection(code: invalidArgument, message: "received upsert response with no content")
    }

    package static func unsupportedOperation(_ operation: ResourceOperation) -> ResourceRejection {
        let name = operation == .unspecified ? "\"OPERATION_UNSPECIFIED\"" : "\(operation.rawValue)"
        return ResourceRejection(code: invalidArgument, message: "unsupported operation: \(name)")
    }

    /// Anything that went wrong with the content; the detail says what.
    package static func upsert(_ url: ResourceURL, id: String, detail: String) -> ResourceRejection {
        ResourceRejection(
            code: `internal`,
            message: "upsert error, ResourceURL: \(quoted(url.string)), ResourceID: \(quoted(id)): \(detail)")
    }

    package static func mismatch(_ response: ResourceResponse, typeURL: ResourceURL) -> ResourceRejection {
        upsert(
            response.url, id: response.id,
            detail: "mismatched resourceURL \(quoted(response.url.string)) and Any typeUrl \(quoted(typeURL.string))")
    }

    package static func undecodable(_ url: ResourceURL, id: String, cause: String) -> ResourceRejection {
        upsert(url, id: id, detail: "failed to unmarshal resource: \(cause)")
    }

    /// A service that could not be imported. The wording is Consul's, whatever the cause.
    package static func service(_ name: String, cause: String) -> ResourceRejection {
        upsert(
            .exportedService, id: name,
            detail: "did not increment imported services count for service=\(quoted(name)): \(cause)")
    }

    /// A list of exported services that could not be applied.
    package static func list(cause: String) -> ResourceRejection {
        upsert(
            .exportedServiceList, id: ResourceID.exportedServiceList,
            detail: "did not update imported services based on the exported service list event: \(cause)")
    }

    /// What a peer sent goes into texts cut: it may be megabytes.
    private static func short(_ text: String) -> String {
        text.utf8.count <= 256 ? text : String(text.unicodeScalars.prefix(64)) + "..."
    }

    private static func quoted(_ text: String) -> String { "\"\(short(text))\"" }
}

extension ResourceResponse {
    /// Checks what can be checked without looking into the resource, in Consul's order.
    ///
    /// - Returns: the bytes of the resource, whose type is ``url``.
    package func checkedContent() throws(ResourceRejection) -> [UInt8] {
        if case .other = url { throw .unknownType(url) }
        guard !nonce.isEmpty else { throw .noNonce(url, id: id) }
        guard operation == .upsert else { throw .unsupportedOperation(operation) }
        guard let resource else { throw .noContent }
        guard resource.typeURL == url else { throw .mismatch(self, typeURL: resource.typeURL) }
        return resource.bytes
    }
}
