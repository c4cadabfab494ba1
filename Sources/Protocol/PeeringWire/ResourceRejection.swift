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

    package static var noContent: ResourceRejection {
        ResourceRejection(code: invalidArgument, message: "received upsert response with no content")
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

    /// What a peer sent goes into texts cut, for it may be megabytes, and with escapes for control characters.
    private static func short(_ text: String) -> String {
        let isLong = text.utf8.count > 256
        let scalars = isLong ? text.unicodeScalars.prefix(64) : text.unicodeScalars[...]
        return scalars.map { scalar in
            let category = scalar.properties.generalCategory
            let isHidden = category == .control || category == .lineSeparator || category == .paragraphSeparator
            return isHidden ? scalar.escaped(asASCII: true) : String(scalar)
        }.joined() + (isLong ? "..." : "")
    }

    private static func quoted(_ text: String) -> String { "\"\(short(text))\"" }
}
