import Threading

/// A connection that nobody has vouched for yet.
protocol PendingConnection: AnyObject {
    /// Ends it.
    func shed(_ reason: String)
}

/// The connections of a listener that have not been admitted, oldest first, and the count of all. On the loop's thread.
final class PendingConnections: @unchecked Sendable {
    private struct Entry {
        let id: Int
        let since: Double
        var who: any PendingConnection
    }

    private let limits: ConnectionLimits
    private let loop: EventLoop
    private var entries: [Entry] = []
    private var nextID = 0
    private var isWatching = false
    /// Connections that are open, admitted ones among them.
    private(set) var open = 0

    init(limits: ConnectionLimits, loop: EventLoop) { (self.limits, self.loop) = (limits, loop) }

    var isFull: Bool { open >= limits.connections }

    /// Takes a new connection, at the oldest stranger's expense where there are too many.
    func add(_ who: some PendingConnection) -> Int {
        if entries.count >= limits.strangers { shedOldest("too many connections that have not introduced themselves") }
        nextID += 1
        open += 1
        entries.append(Entry(id: nextID, since: MonotonicClock.now, who: who))
        watch()
        return nextID
    }

    /// A connection's greeting goes on in another object's hands; its time does not start anew.
    func replace(_ id: Int, by who: some PendingConnection) {
        if let place = entries.firstIndex(where: { $0.id == id }) { entries[place].who = who }
    }

    func admitted(_ id: Int) { entries.removeAll { $0.id == id } }

    func closed(_ id: Int) {
        entries.removeAll { $0.id == id }
        open -= 1
    }

    /// - Returns: false where there is none.
    @discardableResult
    func shedOldest(_ reason: String) -> Bool {
        guard let oldest = entries.first else { return false }
        // Taken out first: it reports its end.
        entries.removeFirst()
        oldest.who.shed(reason)
        return true
    }

    func shedAll() { while shedOldest("no longer listening") {} }

    /// One timer, for whoever is due next.
    private func watch() {
        guard !isWatching, let oldest = entries.first else { return }
        isWatching = true
        loop.schedule(after: max(0, oldest.since + limits.greeting - MonotonicClock.now)) { [weak self] in
            guard let self else { return }
            isWatching = false
            while let oldest = entries.first, MonotonicClock.now - oldest.since >= limits.greeting {
                shedOldest("it did not introduce itself in \(limits.greeting) seconds")
            }
            watch()
        }
    }
}
