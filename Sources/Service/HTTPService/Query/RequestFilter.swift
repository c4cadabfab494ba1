import DocumentCore
import FilterCore
import IdentityCore

/// `?filter=` of a request.
struct RequestFilter: Sendable {
    private let filter: Filter?

    /// - Parameter shape: of what is listed.
    init(_ query: RequestQuery, over shape: FilterShape) throws(Refusal) {
        guard let text = query.text("filter") else {
            filter = nil
            return
        }
        do throws(FilterError) {
            filter = try Filter(text, over: shape)
        } catch {
            throw Refusal(.invalid, "Failed to create boolean expression evaluator: \(error)")
        }
    }

    var isGiven: Bool { filter != nil }

    /// Those that it holds for, by what is written of them.
    func select<Item>(_ items: [Item], as write: (inout JSONWriter, Item) -> Void) -> [Item] {
        guard let filter else { return items }
        return items.filter { item in
            var json = JSONWriter()
            write(&json, item)
            // What the writer wrote can be read.
            guard let document = try? JSONReader.read(json.bytes) else { return false }
            return filter.matches(document)
        }
    }
}
