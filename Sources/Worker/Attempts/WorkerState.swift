package import Protocol
package import Security

/// A worker's part in a run, as a pure value: messages go in, and the compute thread asks what there is to do. It has no sockets, threads or
/// tensors, so tests can drive it through any order of messages.
/// - Parameter Connection: A `Link`, or a stand-in for one in tests.
package struct WorkerState<Connection: AnyObject & Sendable>: Sendable {
    /// The next action of the compute thread between two attempts.
    package enum Next: Sendable {
        case startStore
        /// Get ready for another assignment.
        case prepare(WireWelcome)
        /// Give the assignment up and wait as a spare.
        case becomeSpare
        /// Take part in the newest attempt.
        case join(WireTopology)
        /// The coordinator has ended the run, or released this worker.
        case end(WireFinish)
    }

    /// Nil while the worker is a spare.
    package private(set) var assignment: WireWelcome?
    /// The newest attempt that the coordinator has announced.
    package private(set) var attempt = Attempt(0)
    package var peers = PeerConnections<Connection>()
    package private(set) var finish: WireFinish?
    package private(set) var failure: WireError?
    /// How the coordinator's connection ended, if it did without a word about the run.
    package private(set) var coordinatorLoss: WireError?
    /// Whether the coordinator has ever given this worker an assignment.
    package private(set) var wasAssigned = false
    /// Whether this process must start its host's store.
    private var startsStore = false
    /// The attempt that the compute thread takes part in.
    private var entered: UInt32?

    package init() {}

    // MARK: Messages

    /// - Returns: Early connections of another run.
    package mutating func assign(_ welcome: WireWelcome) -> [Connection] {
        (assignment, startsStore, wasAssigned) = (welcome, welcome.startsStore, true)
        return peers.assigned(run: welcome.run)
    }

    /// - Returns: Connections of older attempts, to be closed.
    package mutating func abort(_ abort: WireAbort) -> [Connection] {
        if abort.spare { assignment = nil }
        return begin(abort.attempt)
    }

    /// - Returns: Connections of older attempts, to be closed.
    package mutating func announce(_ topology: WireTopology) throws -> [Connection] {
        guard topology.attempt >= attempt.number else { throw WireError(.malformed, "a topology of an older attempt") }
        guard topology.baseStep <= WireTopology.stepLimit else { throw WireError(.malformed, "a topology of an impossible step") }
        // A worker that joins late begins with the attempt that it first hears of.
        let old = topology.attempt > attempt.number ? begin(topology.attempt) : []
        attempt.topology = topology
        return old
    }

    private mutating func begin(_ number: UInt32) -> [Connection] {
        attempt = Attempt(number)
        return peers.drop(before: number)
    }

    package mutating func grant(_ grant: WireGrant) throws {
        guard grant.step <= WireTopology.stepLimit, attempt.grants.count < 16 else {
            throw WireError(.malformed, "more steps granted than can be under way")
        }
        attempt.grants[Int(grant.step)] = grant
    }

    /// Records what has arrived in an attempt; what belongs to another is dropped.
    package mutating func update(attempt number: UInt32, _ body: (inout Attempt) -> Void) { if number == attempt.number { body(&attempt) } }

    package mutating func end(_ finish: WireFinish) { self.finish = finish }
    package mutating func fail(_ error: WireError) { if failure == nil { failure = error } }

    /// Records that the coordinator's connection has ended.
    package mutating func lose(_ error: WireError) {
        if failure == nil, finish == nil { coordinatorLoss = error }
        fail(error)
    }

    // MARK: The compute thread

    /// Returns the next action; nil while there is none.
    /// - Parameter ready: The assignment that the worker is ready for.
    package mutating func next(_ ready: WorkerAssignment?) throws -> Next? {
        if let finish { return .end(finish) }
        if let failure { throw failure }
        if startsStore {
            startsStore = false
            return .startStore
        }
        guard let assignment else { return ready == nil ? nil : .becomeSpare }
        guard WorkerAssignment(assignment) == ready else { return .prepare(assignment) }
        guard let topology = attempt.topology else { return nil }
        entered = attempt.number
        return .join(topology)
    }

    /// Takes the order to start a store, which is carried out before anything that takes long.
    package mutating func takeStoreStart() -> Bool {
        defer { startsStore = false }
        return startsStore
    }

    /// Why the compute thread must not continue with what it does; nil where it may.
    package var interruption: (any Error)? {
        if let entered, entered != attempt.number { return AttemptEnded() }
        if finish?.failed == true { return AttemptEnded() }
        return failure
    }

    /// The reason to end a wait of the compute thread; nil while there is none.
    package var endOfWait: (any Error)? { interruption ?? (finish == nil ? nil : AttemptEnded()) }
}

/// The attempt is over, because a process has failed, the layout changes, or the run has ended. What was not committed is dropped.
package struct AttemptEnded: Error { package init() {} }
