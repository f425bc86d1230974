package import Protocol

/// Identifies a connection to the coordinator: connections are numbered in the order in which they were made.
package struct MemberID: Hashable, Comparable, Sendable {
    package let number: Int

    package init(_ number: Int) { self.number = number }

    package static func < (a: MemberID, b: MemberID) -> Bool { a.number < b.number }
}

/// The other end of a connection, as the socket and TLS identify it.
package struct PeerAddress: Sendable, Equatable {
    package let host: String
    /// Host and port.
    package let text: String
    /// Facts from its certificate, for the log.
    package let facts: [String: String]

    package init(host: String, text: String, facts: [String: String] = [:]) { (self.host, self.text, self.facts) = (host, text, facts) }
}

/// A worker or store that has introduced itself, and its role in the run.
package struct Member: Sendable, Equatable {
    package enum Role: Sendable, Equatable {
        case worker(rank: Int)
        case store(rank: Int)
        /// A worker without an assignment.
        case spare
        /// A worker or store that will be released when its parameters have been handed over.
        case leaving
        /// A process that may end and has not hung up yet.
        case released
    }

    package let id: MemberID
    package let hello: WireHello
    package let peer: PeerAddress
    package var role: Role { didSet { lastName = name ?? lastName } }
    /// The name of its assignment, or of the last one that it had.
    package private(set) var lastName: ProcessName?
    /// Whether it has asked to be released between two steps.
    package var asksToLeave = false

    package init(_ id: MemberID, _ hello: WireHello, _ peer: PeerAddress, _ role: Role) {
        (self.id, self.hello, self.peer, self.role) = (id, hello, peer, role)
        lastName = name
    }

    /// Whether both are parts of one process, such as a worker and the store that it has started.
    package func isSameProcess(as other: Member) -> Bool {
        hello.processID == other.hello.processID && hello.hostIdentity == other.hello.hostIdentity
    }

    /// Nil for members that take no part in steps.
    package var name: ProcessName? {
        switch role {
        case .worker(let rank): ProcessName(role: .worker, rank: rank, host: hello.hostName, processID: Int(hello.processID))
        case .store(let rank): ProcessName(role: .store, rank: rank, host: hello.hostName, processID: Int(hello.processID))
        case .spare, .leaving, .released: nil
        }
    }

    package var isStore: Bool { if case .store = role { true } else { false } }
    package var takesPart: Bool { name != nil }
}
