import Wire

/// A connection whose process has introduced itself.
final class Member {
    enum Role: Equatable {
        case worker(rank: Int)
        case store(rank: Int)
        /// A worker that waits for a place.
        case spare
        /// A worker or store that is about to be released.
        case leaving
        /// One that may end, and has not hung up yet.
        case released
        /// A connection for heartbeats of the member with this link.
        case heartbeat(of: ObjectIdentifier)
        /// A person's, for commands.
        case dashboard
    }

    let link: Link
    let hello: WireHello
    var role: Role { didSet { lastName = name ?? lastName } }
    /// When it joined, among all.
    let order: Int
    /// Of the place that it has, or had last.
    private(set) var lastName: ProcessName?
    /// The last attempt that it is ready for.
    var ready: UInt32?

    init(_ link: Link, _ hello: WireHello, _ role: Role, order: Int = 0) {
        (self.link, self.hello, self.role, self.order) = (link, hello, role, order)
        lastName = name
    }

    /// Whether this is a part of the process that another member is of, such as the store that a worker has started.
    func isSameProcess(as other: Member) -> Bool {
        hello.processID == other.hello.processID && hello.hostIdentity == other.hello.hostIdentity
    }

    /// Nil for those that take no part in steps.
    var name: ProcessName? {
        switch role {
        case .worker(let rank): ProcessName(role: .worker, rank: rank, host: hello.hostName, processID: Int(hello.processID))
        case .store(let rank): ProcessName(role: .store, rank: rank, host: hello.hostName, processID: Int(hello.processID))
        case .spare, .leaving, .released, .heartbeat, .dashboard: nil
        }
    }

    var isStore: Bool { if case .store = role { true } else { false } }
    /// Whether it takes part in steps.
    var takesPart: Bool { name != nil }
}
