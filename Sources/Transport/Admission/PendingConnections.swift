import Platform
import Security

/// An accepted connection that has not been admitted yet.
protocol PendingConnection: AnyObject {
    /// Closes the connection to free its resources.
    func shed(_ reason: String)
}

/// A listener's pending connections, oldest first, and the number of all its open connections. Used on the loop's thread.
final class PendingConnections: @unchecked Sendable {
    private struct Entry {
        let id: Int
        let since: Double
        var connection: any PendingConnection
    }

    private let limits: ConnectionLimits
    private let loop: EventLoop
    private var entries: [Entry] = []
    private var nextID = 0
    private var hasTimer = false
    /// Open connections, including admitted ones.
    private(set) var open = 0

    init(limits: ConnectionLimits, loop: EventLoop) { (self.limits, self.loop) = (limits, loop) }

    var isFull: Bool { open >= limits.connections }

    /// Adds a new connection, and closes the oldest pending one if there are too many.
    /// - Returns: the connection's identifier.
    func add(_ connection: some PendingConnection) -> Int {
        if entries.count >= limits.strangers { shedOldest("there are too many pending connections") }
        nextID += 1
        open += 1
        entries.append(Entry(id: nextID, since: MonotonicClock.now, connection: connection))
        startTimer()
        return nextID
    }

    /// Replaces the object that handles a connection. The connection's time limit does not restart.
    func replace(_ id: Int, by connection: some PendingConnection) {
        if let index = entries.firstIndex(where: { $0.id == id }) { entries[index].connection = connection }
    }

    func admitted(_ id: Int) { entries.removeAll { $0.id == id } }

    func closed(_ id: Int) {
        entries.removeAll { $0.id == id }
        open -= 1
    }

    /// Closes the oldest pending connection.
    /// - Returns: false if there is none.
    @discardableResult
    func shedOldest(_ reason: String) -> Bool {
        guard let oldest = entries.first else { return false }
        // Removed first, because the connection reports its closing here.
        entries.removeFirst()
        oldest.connection.shed(reason)
        return true
    }

    func shedAll() { while shedOldest("no longer listening") {} }

    /// Starts the timer for the oldest entry, unless it is running. One timer suffices, since all entries have the same limit.
    private func startTimer() {
        guard !hasTimer, let oldest = entries.first else { return }
        hasTimer = true
        loop.schedule(after: max(0, oldest.since + limits.greeting - MonotonicClock.now)) { [weak self] in
            guard let self else { return }
            hasTimer = false
            while let oldest = entries.first, MonotonicClock.now - oldest.since >= limits.greeting {
                shedOldest("it was not admitted within \(limits.greeting) seconds")
            }
            startTimer()
        }
    }
}
