import COpenSSL

/// What OpenSSL's error queue of this thread said after a call, as a value.
///
/// The queue is per thread and survives calls: it is cleared before each call that may fail and drained right after,
/// or a later call on the same event loop would report the failure of another connection.
struct OpenSSLFailure: CustomStringConvertible {
    /// The first failure of libssl in the queue, which is the closest to the cause; 0 if there is none.
    var reason: Int32 = 0
    /// All entries, oldest first.
    var description = ""

    /// Entries looked at: the queue itself holds 16.
    private static let entryLimit = 16

    /// Takes everything from the queue.
    static func drain() -> OpenSSLFailure {
        var failure = OpenSSLFailure()
        for _ in 0..<entryLimit {
            let code = ERR_get_error()
            guard code != 0 else { break }
            if failure.reason == 0, ERR_GET_LIB(code) == ERR_LIB_SSL {
                failure.reason = ERR_GET_REASON(code)
            }
            if !failure.description.isEmpty { failure.description += "; " }
            failure.description += Self.text(of: code)
        }
        ERR_clear_error()
        return failure
    }

    private static func text(of code: UInt) -> String {
        if let reason = unsafe ERR_reason_error_string(code) { return unsafe String(cString: reason) }
        return "error \(String(code, radix: 16))"
    }
}
