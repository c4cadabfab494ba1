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

    /// Everybody whom one of the changes concerns. They are let go of outside of the lock: the last to do so ends them.
    func receivers(of changes: [StateChange]) -> [StateSubscription] {
        record.withLock { record in
            var found: [UInt64: StateSubscription] = [:]
            for (number, entry) in record.broad { found[number] = entry.subscription }
            for change in Set(changes) {
                for (number, entry) in record.exact[change] ?? [:] { found[number] = entry.subscription }
            }
            return Array(found.values)
        }
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
