internal import CLinux

/// A value behind a lock. `Synchronization.Mutex` would do the same, but on Linux the thread sanitizer does not see its
/// locking and reports races that are none.
///
/// Sendable: the value is reached only inside of `withLock`, by one thread at a time, and nothing of it but what the
/// body returns, which is Sendable, gets out.
@safe final class Locked<Value: Sendable>: @unchecked Sendable {
    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init(_ value: Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&value)
    }
}
