internal import CLinux
internal import Glibc

/// A thread of the system. Workers wait in epoll for ever, which the threads of Swift's tasks must not.
enum RelayThread {
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// False if the system has no thread left; the body is not run then.
    static func start(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        // The reference is the new thread's, which releases it.
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let result = unsafe pthread_create(&thread, nil, threadStarted, start.toOpaque())
        guard result == 0 else {
            unsafe start.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private static func run(_ context: UnsafeMutableRawPointer) {
        let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        _ = hawser_block_sigpipe()
        // The system takes fifteen bytes.
        unsafe String(start.name.prefix(15)).withCString { name in unsafe hawser_name_thread(name) }
        start.body()
    }

    private static let threadStarted: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        if let context = unsafe $0 { unsafe run(context) }
        return nil
    }
}
