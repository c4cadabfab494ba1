import Glibc

/// A thread of the system that runs one function. Threads that block are the cheapest load: no poll, no second call
/// for what the socket says anyway.
struct Worker {
    private let thread: pthread_t

    init(_ body: @escaping @Sendable () -> Void) throws {
        var thread = pthread_t()
        // The new thread takes over the reference.
        let work = unsafe Unmanaged.passRetained(Work(body))
        let result = unsafe pthread_create(
            &thread, nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard result == 0 else {
            unsafe work.release()
            throw BenchError("no thread: \(unsafe String(cString: strerror(result)))")
        }
        self.thread = thread
    }

    func join() {
        pthread_join(thread, nil)
    }

    /// Nobody will wait for it.
    func detach() {
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }
}

/// The monotonic clock, in nanoseconds.
func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

func pause(seconds: Double) {
    usleep(UInt32(seconds * 1_000_000))
}
