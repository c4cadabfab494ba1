internal import CLinux
internal import Synchronization

/// A pipe of the kernel: where spliced bytes are between two sockets.
struct Pipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32
    /// Bytes that it holds if they come in whole pages.
    let bytes: Int

    func close() {
        _ = hawser_close(readEnd)
        _ = hawser_close(writeEnd)
    }
}

/// The pipes of one thread. They are borrowed while there is something in them, and given back empty.
struct PipePool {
    /// Pipes that are kept for the next borrower; more are closed.
    private static let spares = 64

    private var free: ContiguousArray<Pipe> = []
    private let bytes: Int32
    private let limit: Int
    /// Those of all threads.
    private let open: PipeCount

    init(limits: RelayLimits, open: PipeCount) {
        bytes = Int32(clamping: max(4_096, limits.pipeBytes))
        limit = limits.pipes
        self.open = open
        free.reserveCapacity(Self.spares)
    }

    /// Makes sure that the next `borrow` gets a pipe of at least so many bytes.
    mutating func hasSpare(of count: Int) -> Bool {
        if let last = free.last { return last.bytes >= count }
        guard let pipe = make() else { return false }
        free.append(pipe)
        return pipe.bytes >= count
    }

    /// Nil at the limit, or when the system has no more.
    mutating func borrow() -> Pipe? { free.popLast() ?? make() }

    /// - Parameter isEmpty: otherwise it is closed, with what is in it.
    mutating func giveBack(_ pipe: Pipe, isEmpty: Bool) {
        if isEmpty, free.count < Self.spares {
            free.append(pipe)
        } else {
            close(pipe)
        }
    }

    mutating func closeAll() {
        for pipe in free { close(pipe) }
        free.removeAll()
    }

    private func make() -> Pipe? {
        guard open.value.add(1, ordering: .relaxed).newValue <= limit else {
            open.value.subtract(1, ordering: .relaxed)
            return nil
        }
        var (readEnd, writeEnd): (Int32, Int32) = (-1, -1)
        guard unsafe hawser_pipe(&readEnd, &writeEnd) == 0 else {
            open.value.subtract(1, ordering: .relaxed)
            return nil
        }
        let size = hawser_size_pipe(writeEnd, bytes)
        return Pipe(readEnd: readEnd, writeEnd: writeEnd, bytes: max(4_096, size))
    }

    private func close(_ pipe: Pipe) {
        pipe.close()
        open.value.subtract(1, ordering: .relaxed)
    }
}

/// How many pipes are open, for the limit and the counters.
final class PipeCount: Sendable {
    let value = Atomic<Int>(0)
}
