import Synchronization

/// Who hears of what. A change costs as much as there are subscriptions that it concerns, and those to whole areas;
/// thousands of others that wait for other things cost it nothing.
///
/// Any task calls it. Subscriptions are held weakly, and take themselves out when they end.
final class SubscriberRegistry: Sendable {
    private struct Entry {
        weak var subscription: StateSubscription?
    }

    private struct Record {
        var nextNumber: UInt64 = 0
        /// Those that name areas.
        var broad: [UInt64: Entry] = [:]
        /// Those that name single things, under each of them.
        var exact: [StateChange: [UInt64: Entry]] = [:]
    }

    private let record = Mutex(Record())

    /// Those that name areas.
    var broadCount: Int { record.withLock { $0.broad.count } }

    func subscribe(to topics: StateTopics) -> StateSubscription {
        record.withLock { record in
            record.nextNumber += 1
            let number = record.nextNumber
            let subscription = StateSubscription(topics: topics) { [weak self] in self?.remove(number, topics) }
            if !topics.areas.isEmpty { record.broad[number] = Entry(subscription: subscription) }
            for thing in topics.things { record.exact[thing, default: [:]][number] = Entry(subscription: subscription) }
            return subscription
        }
    }

    /// Tells everybody whom one of the changes concerns: who subscribed first hears of it first, and who subscribes
    /// meanwhile waits until all have heard. So what the early ones make of a change for others, such as the indexes of
    /// queries, is never older than what the late ones were woken for.
    func deliver(_ changes: [StateChange]) {
        let told = record.withLock { record in
            var found: [UInt64: StateSubscription] = [:]
            for (number, entry) in record.broad { found[number] = entry.subscription }
            for change in Set(changes) {
                for (number, entry) in record.exact[change] ?? [:] { found[number] = entry.subscription }
            }
            return found.sorted { $0.key < $1.key }.map { ($0.value, $0.value.changesCommitted(changes)) }
        }
        // They are let go of outside of the lock: the last to do so ends them.
        for (_, waiter) in told { waiter?() }
    }

    private func remove(_ number: UInt64, _ topics: StateTopics) {
        record.withLock { record in
            record.broad[number] = nil
            for thing in topics.things {
                record.exact[thing]?[number] = nil
                if record.exact[thing]?.isEmpty == true { record.exact[thing] = nil }
            }
        }
    }
}
