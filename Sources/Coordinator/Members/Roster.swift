/// All workers and stores that are connected.
package struct Roster: Sendable, Equatable {
    private var members: [MemberID: Member] = [:]

    package subscript(id: MemberID) -> Member? {
        get { members[id] }
        set { members[id] = newValue }
    }

    /// In the order in which they joined.
    package var all: [Member] { members.values.sorted { $0.id < $1.id } }

    /// Members that take part in steps.
    package var participants: [Member] { all.filter(\.takesPart) }

    /// Workers with an assignment, by rank.
    package var workers: [Member] {
        members.values.compactMap { member in if case .worker(let rank) = member.role { (rank, member) } else { nil } }
            .sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Stores with a shard, by rank.
    package var stores: [Member] {
        members.values.compactMap { member in if case .store(let rank) = member.role { (rank, member) } else { nil } }
            .sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Workers that wait for an assignment, in the order in which they joined.
    package var spares: [Member] { all.filter { $0.role == .spare } }

    /// Whether a member will leave. A worker's process takes the store in it along.
    package func isLeaving(_ member: Member) -> Bool {
        member.asksToLeave || members.values.contains { $0.asksToLeave && $0.isSameProcess(as: member) }
    }

    /// Workers that keep their assignment, by rank.
    package var staying: [Member] { workers.filter { !isLeaving($0) } }

    package func hasStore(inProcessOf member: Member) -> Bool { members.values.contains { $0.isStore && $0.isSameProcess(as: member) } }

    package func named(_ name: ProcessName) -> Member? { members.values.first { $0.name == name } }
}
