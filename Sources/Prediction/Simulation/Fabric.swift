/// The network between hosts, and loopback within each. A connection carries one tensor after the other; connections that are busy at
/// the same time share a host's bandwidth equally, each way.
struct Fabric {
    /// What a connection goes through, by number.
    private struct Connection {
        let ends: [Int]
        var waiting: [(bytes: Double, tensor: Int)] = []
        var first = 0
        var remaining = 0.0
        var rate = 0.0
        var isBusy: Bool { first < waiting.count }
    }

    /// Bytes a second of each resource: for every host what goes out, what comes in, and loopback.
    private let capacity: [Double]
    private var users: [Int]
    private var connections: [Connection] = []
    private var numbers: [[Int]: Int] = [:]
    private var busy: Set<Int> = []
    private var now = 0.0
    /// Bytes that went through each resource.
    private(set) var carried: [Double]

    init(_ cluster: Cluster) {
        capacity = cluster.hosts.flatMap { [$0.bandwidth, $0.bandwidth, cluster.loopback.bandwidth] }
        users = capacity.map { _ in 0 }
        carried = capacity.map { _ in 0 }
    }

    enum Way: Int { case outward, inward, loopback }
    static func resource(_ host: Int, _ way: Way) -> Int { 3 * host + way.rawValue }

    /// - Parameters:
    ///   - ends: processes, which tell connections apart.
    ///   - tensor: is given back when it has arrived.
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

    /// When the next tensor has gone through.
    var nextArrival: Double? {
        busy.map { now + connections[$0].remaining / connections[$0].rate }.min()
    }

    /// The tensors that have gone through by a time.
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

    /// Counts what is carried from now on.
    mutating func forget() { carried = carried.map { _ in 0 } }

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
