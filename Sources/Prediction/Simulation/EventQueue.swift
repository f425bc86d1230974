/// A priority queue of events by time. Events at the same time keep the order in which they were added.
struct EventQueue<Event> {
    private struct Entry {
        let time: Double
        let order: Int
        let event: Event
    }

    private var heap: [Entry] = []
    private var added = 0

    mutating func add(_ event: Event, at time: Double) {
        heap.append(Entry(time: time, order: added, event: event))
        added += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.precedes(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    var nextTime: Double? { heap.first?.time }

    mutating func next() -> (time: Double, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && Self.precedes(heap[child], heap[least]) {
                    least = child
                }
                guard least != parent else { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (first.time, first.event)
    }

    private static func precedes(_ a: Entry, _ b: Entry) -> Bool { (a.time, a.order) < (b.time, b.order) }
}
