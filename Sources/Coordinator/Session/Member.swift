import Wire

/// A connection whose process has introduced itself.
final class Member {
    enum Role: Equatable {
        case worker(rank: Int)
        case store(rank: Int)
        /// A worker that waits for a place.
        case spare
        /// A connection for heartbeats of another member.
        case heartbeat(of: ProcessName)
        /// A person's, for commands.
        case dashboard
    }

    let link: Link
    let hello: WireHello
    var role: Role
    /// The last attempt that it is ready for.
    var ready: UInt32?

    init(_ link: Link, _ hello: WireHello, _ role: Role) { (self.link, self.hello, self.role) = (link, hello, role) }

    /// Nil for those that take no part in steps.
    var name: ProcessName? {
        switch role {
        case .worker(let rank): ProcessName(role: .worker, rank: rank, host: hello.hostName, processID: Int(hello.processID))
        case .store(let rank): ProcessName(role: .store, rank: rank, host: hello.hostName, processID: Int(hello.processID))
        case .spare, .heartbeat, .dashboard: nil
        }
    }

    var isStore: Bool { if case .store = role { true } else { false } }
    /// Whether it takes part in steps.
    var takesPart: Bool { name != nil }
}
