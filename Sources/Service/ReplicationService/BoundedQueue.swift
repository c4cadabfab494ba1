import NIOConcurrencyHelpers

/// A queue between two tasks: one puts in and waits while it is full, one takes all that is there.
///
/// Elements have a weight, and the queue is full from `capacity` on, so that it holds at most that and one element
/// more.
final class BoundedQueue<Element: Sendable>: Sendable {
    private struct Contents {
        var elements: [Element] = []
        var weight = 0
        var isFinished = false
    }

    private let contents = NIOLockedValueBox(Contents())
    private let capacity: Int
    private let filled = Pulse()
    private let emptied = Pulse()

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Puts an element in as soon as there is room, or never if the task is cancelled.
    func push(_ element: Element, weight: Int) async {
        while contents.withLockedValue({ $0.weight >= capacity }) {
            await emptied.wait()
            if Task.isCancelled { return }
        }
        contents.withLockedValue { contents in
            contents.elements.append(element)
            contents.weight += weight
        }
        filled.signal()
    }

    /// Nothing more will come.
    func finish() {
        contents.withLockedValue { $0.isFinished = true }
        filled.signal()
    }

    /// All that is there, at least one; `nil` when nothing more will come or the task is cancelled.
    func popAll() async -> [Element]? {
        while true {
            let (elements, isFinished) = contents.withLockedValue { contents in
                defer {
                    contents.elements = []
                    contents.weight = 0
                }
                return (contents.elements, contents.isFinished)
            }
            if !elements.isEmpty {
                emptied.signal()
                return elements
            }
            if isFinished || Task.isCancelled { return nil }
            await filled.wait()
        }
    }
}
