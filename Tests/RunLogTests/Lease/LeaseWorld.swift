import RunLog
import Platform

/// Processes that want to write one run, on different hosts, with the run's directory in memory. Each does one thing at a time, and may be
/// stopped for any time before it does the next.
struct LeaseWorld: Hashable {
    struct File: Hashable {
        var owner: Int
        var counter = 0
        var isReleased = false
    }

    /// The next event of a process.
    enum Next: Hashable {
        case effect(RunLease.Effect)
        /// A look has found this, and the process has not taken it in yet.
        case seen(LeaseSighting?, began: Int)
        case sleeping(until: Int)
        case removing(below: Int)
        case refused, superseded, released, killed
    }

    struct Process: Hashable {
        var lease: RunLease
        var next: Next
        var succession: RunLease.Succession?
        var isOver: Bool { [.refused, .superseded, .released, .killed].contains(next) }
    }

    enum Event: Hashable { case tick, step(Int), release(Int), kill(Int) }

    private(set) var clock = 0
    private(set) var files: [Int: File] = [:]
    private(set) var processes: [Process]
    /// Whether a process knows that another one has ended, as on one host.
    private let isOneHost: Bool

    static let times: RunLease.Times = {
        var times = RunLease.Times(limit: 2)
        (times.validity, times.grace, times.interval, times.pause) = (1, 1, 1, 1)
        return times
    }()

    init(processes count: Int, isOneHost: Bool = false, times: [RunLease.Times] = []) {
        self.isOneHost = isOneHost
        processes = (0..<count).map { index in
            let lease = RunLease(owner: "\(index)", times: index < times.count ? times[index] : Self.times)
            return Process(lease: lease, next: .effect(lease.start))
        }
    }

    /// The processes that may write the run now.
    var writers: [Int] {
        processes.indices.filter { !processes[$0].isOver && processes[$0].lease.isConfirmed(at: Double(clock)) }
    }

    /// The events that are possible now.
    /// - Parameter ends: whether processes may end as well.
    func events(ends: Bool) -> [Event] {
        var events = [Event.tick]
        for (index, process) in processes.enumerated() where !process.isOver {
            if case .sleeping(let time) = process.next, time > clock {} else { events.append(.step(index)) }
            if ends {
                events.append(.kill(index))
                if case .sleeping = process.next, process.lease.fencing != nil { events.append(.release(index)) }
            }
        }
        return events
    }

    mutating func take(_ event: Event) {
        switch event {
        case .tick: clock += 1
        case .step(let index): step(index)
        case .kill(let index): processes[index].next = .killed
        case .release(let index):
            if let number = processes[index].lease.fencing, files.keys.max() == number { files[number]?.isReleased = true }
            processes[index].next = .released
        }
    }

    private mutating func step(_ index: Int) {
        switch processes[index].next {
        case .effect(.look): processes[index].next = .seen(sighting(of: index), began: clock)
        case .seen(let sighting, let began):
            follow(index, processes[index].lease.saw(sighting, from: Double(began), to: Double(clock)))
        case .effect(.claim(let number)):
            if files[number] == nil { files[number] = File(owner: index) }
            follow(index, processes[index].lease.wrote())
        case .effect(.renew(let number, let counter)):
            files[number] = File(owner: index, counter: counter)
            follow(index, processes[index].lease.wrote())
        case .removing(let number):
            files = files.filter { $0.key >= number }
            processes[index].next = .sleeping(until: clock + 1)
        case .sleeping: follow(index, processes[index].lease.woke())
        case .effect, .refused, .superseded, .released, .killed: break
        }
    }

    private mutating func follow(_ index: Int, _ effect: RunLease.Effect) {
        switch effect {
        case .pause(let seconds): processes[index].next = .sleeping(until: clock + Int(seconds.rounded(.up)))
        case .acquired(let number, let succession):
            processes[index].succession = succession
            processes[index].next = .removing(below: number)
        case .refused: processes[index].next = .refused
        case .superseded: processes[index].next = .superseded
        case .look, .claim, .renew: processes[index].next = .effect(effect)
        }
    }

    private func sighting(of index: Int) -> LeaseSighting? {
        guard let (number, file) = files.max(by: { $0.key < $1.key }) else { return nil }
        var record = LeaseRecord(
            fencing: number, owner: "\(file.owner)", host: "host", process: .init(boot: "", namespace: "", number: 1, start: 0), lock: nil)
        (record.counter, record.isReleased) = (file.counter, file.isReleased)
        return LeaseSighting(
            fencing: number, record: record,
            hasOwnerEnded: isOneHost && file.owner != index && processes[file.owner].next == .killed)
    }
}
