import NIOConcurrencyHelpers

/// An optional string behind a lock.
final class NIOLockedName: Sendable {
    private let storage = NIOLockedValueBox<String?>(nil)

    var value: String? {
        get { storage.withLockedValue { $0 } }
        set { storage.withLockedValue { $0 = newValue } }
    }
}
