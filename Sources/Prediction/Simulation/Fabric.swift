/// A model of the network between hosts and of loopback within each. A connection carries one tensor after another. Busy connections
/// share a host's bandwidth equally, separately in each direction.
struct Fabric {
    private struct Connection {
        /// The resources that the connection uses.
        let ends: [Int]
        var waiting: [(bytes: Double, tensor: Int)] = []
        var first = 0
        var remaining = 0.0
        var rate = 0.0
        var isBusy: Bool { first < waiting.count }
    }

    /// Bytes per second of each resource; every host has three: outward, inward and loopback.
    private let capacity: [Double]
    private var users: [Int]
    private var connections: [Connection] = []
    private var numbers: [[Int]: Int] = [:]
    private var busy: Set<Int> = []
    private var now = 0.0
    /// Bytes that each resource has carried since the start or the last `resetCarried`.
    private(set) var carried: [Double]

    init(_ cluster: Cluster) {
        capacity = cluster.hosts.flatMap { [$0.bandwidth, $0.bandwidth, cluster.loopback.bandwidth] }
        users = capacity.map { _ in 0 }
        carried = capacity.map { _ in 0 }
    }

    enum Direction: Int { case outward, inward, loopback }
    static func resource(_ host: Int, _ direction: Direction) -> Int { 3 * host + direction.rawValue }

    /// Queues a tensor on a connection.
    /// - Parameters:
    ///   - tensor: a number that `arrivals` returns when the tensor has arrived.
    ///   - ends: the sending and the receiving process, which identify the connection.
    ///   - from: the sender's host.
    ///   - to: the receiver's host.
    mutating func send(_ bytes: Double, tensor: Int, ends: [Int], from: Int, to: Int, at time: Double) {
        advance(to: time)
        let number: Int
        if let known = numbers[ends] {
            number = known
        } else {
            number = connections.count
            numbers[ends] = number
            connections.append(
                Connection(
                    ends: from == to
                        ? [Self.resource(from, .loopback)] : [Self.resource(from, .outward), Self.resource(to, .inward)]))
        }
        let wasBusy = connections[number].isBusy
        connections[number].waiting.append((bytes, tensor))
        guard !wasBusy else { return }
        connections[number].remaining = bytes
        busy.insert(number)
        for end in connections[number].ends { users[end] += 1 }
        share()
    }

    /// The time at which the next tensor is completely sent; nil if no connection is busy.
    var nextArrival: Double? {
        busy.map { now + connections[$0].remaining / connections[$0].rate }.min()
    }

    /// Returns the tensors that are completely sent at a time.
    mutating func arrivals(at time: Double) -> [Int] {
        advance(to: time)
        var arrived: [Int] = []
        for number in busy.sorted() where connections[number].remaining <= connections[number].rate * 1e-9 {
            let tensor = connections[number].waiting[connections[number].first]
            for end in connections[number].ends { carried[end] += tensor.bytes }
            arrived.append(tensor.tensor)
            connections[number].first += 1
            if connections[number].isBusy {
                connections[number].remaining = connections[number].waiting[connections[number].first].bytes
            } else {
                connections[number].waiting.removeAll(keepingCapacity: true)
                connections[number].first = 0
                busy.remove(number)
                for end in connections[number].ends { users[end] -= 1 }
            }
        }
        if !arrived.isEmpty { share() }
        return arrived
    }

    /// Sets the counts of carried bytes to zero.
    mutating func resetCarried() { carried = carried.map { _ in 0 } }

    private mutating func advance(to time: Double) {
        let elapsed = time - now
        guard elapsed > 0 else { return }
        for number in busy { connections[number].remaining = max(0, connections[number].remaining - elapsed * connections[number].rate) }
        now = time
    }

    private mutating func share() {
        for number in busy {
            connections[number].rate = connections[number].ends.map { capacity[$0] / Double(users[$0]) }.min()!
        }
    }
}
