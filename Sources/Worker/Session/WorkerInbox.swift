import Partition
import SwiftProtobuf
import Threading
import Wire

/// What other processes have said that the compute thread waits for. Written by the loop's thread.
final class WorkerInbox: Sendable {
    struct State: Sendable {
        /// The worker's place; nil while it has none.
        var welcome: WireWelcome?
        /// The host has no store, and this process is to start one.
        var startsStore = false
        /// Raised by every loss and change of layout that the coordinator tells of.
        var attempt: UInt32 = 0
        /// The attempt that the compute thread is in: nil before its first, behind `attempt` until it has noticed a loss.
        var joined: UInt32?
        /// Of `attempt`, once everybody is there again.
        var topology: WireTopology?
        /// What stores have announced, by their ranks.
        var segments: [Int: WireSegment] = [:]
        var peers: [Peer: Link] = [:]
        /// Those that were told of this worker's place before it was, and the run that they name.
        var early: [Peer: (link: Link, run: UInt64)] = [:]
        var grants: [Int: WireGrant] = [:]
        /// The last pass for which a slab has arrived.
        var slabs: [Slab: Int] = [:]
        /// The step of the newest value of each parameter.
        var values: [ParameterBlock.Key: Int] = [:]
        var dataListing: WireDataListing?
        /// Parts of the data set's files that are asked for and not here yet.
        var dataAsked: Set<DataPart> = []
        var dataParts: [DataPart: [UInt8]] = [:]
        var finish: WireFinish?
        var failure: WireError?

        /// Forgets all that belongs to the attempt before.
        /// - Returns: its connections, which are to be closed.
        mutating func abort(_ attempt: UInt32) -> [Link] {
            self.attempt = attempt
            (topology, segments, grants, slabs, values) = (nil, [:], [:], [:], [:])
            let old = peers.filter { $0.key.attempt < attempt }
            for peer in old.keys { peers[peer] = nil }
            let older = early.filter { $0.key.attempt < attempt }
            for peer in older.keys { early[peer] = nil }
            return Array(old.values) + older.values.map(\.link)
        }

        /// The worker has a place: those that came before it was told are its peers.
        /// - Returns: connections of another run.
        mutating func take(_ welcome: WireWelcome) -> [Link] {
            (self.welcome, startsStore) = (welcome, welcome.startsStore)
            var strangers: [Link] = []
            for (peer, (link, run)) in early {
                if run == welcome.run, peers[peer] == nil { peers[peer] = link } else { strangers.append(link) }
            }
            early = [:]
            return strangers
        }
    }

    /// Another worker, in one attempt.
    struct Peer: Hashable, Sendable {
        let attempt: UInt32
        let rank: Int
    }

    let state = Monitor(State())

    /// Waits until `body` finds what it looks for.
    /// - Throws: `RunEnded`, `AttemptEnded`, or the connection's error where the coordinator is lost.
    func wait<Result>(until body: (inout State) -> Result?) throws -> Result {
        let result: Swift.Result<Result, any Error>? = state.wait { state in
            // What is found counts only in the attempt that it was looked for in.
            if let joined = state.joined, joined != state.attempt { return .failure(state.finish.map(RunEnded.init) ?? AttemptEnded()) }
            if let found = body(&state) { return .success(found) }
            return state.end.map { .failure($0) }
        }
        return try result!.get()
    }

    /// What a worker does between two attempts.
    enum Next {
        case startStore
        /// Get ready for another place.
        case prepare(WireWelcome)
        /// Wait as a spare.
        case giveUpPlace
        /// Take part in the newest attempt.
        case join(WireTopology)
    }

    /// Waits for what there is to do next.
    /// - Parameter place: that the worker is ready for.
    func next(_ place: SessionPlace?) throws -> Next {
        let result: Swift.Result<Next, any Error>? = state.wait { state in
            if let end = state.end { return .failure(end) }
            if state.startsStore {
                state.startsStore = false
                return .success(.startStore)
            }
            guard let welcome = state.welcome else { return place == nil ? nil : .success(.giveUpPlace) }
            guard SessionPlace(welcome) == place else { return .success(.prepare(welcome)) }
            return state.topology.map { topology in
                state.joined = state.attempt
                return .success(.join(topology))
            }
        }
        return try result!.get()
    }

    /// Whether a loss ended the attempt that the compute thread is in, or the run has ended.
    var isInterrupted: Bool { state.read { $0.attempt != $0.joined ?? $0.attempt || $0.finish?.failed == true || $0.failure != nil } }

    func fail(_ error: WireError) { state.update { if $0.failure == nil { $0.failure = error } } }
}

extension WorkerInbox.State {
    fileprivate var end: (any Error)? { finish.map(RunEnded.init) ?? failure }
}

/// A worker's place in a layout.
struct SessionPlace: Equatable, Sendable {
    let rank: Int
    let workers: Int
    let replicas: Int

    init(_ welcome: WireWelcome) { (rank, workers, replicas) = (Int(welcome.rank), Int(welcome.workers), Int(welcome.replicas)) }
}

/// Where a part of a data set's file begins.
struct DataPart: Hashable, Sendable {
    let file: Int
    let offset: Int
}

/// The coordinator has ended the run.
struct RunEnded: Error {
    let finish: WireFinish
}

/// A process was lost, or the layout changes: what this attempt has not committed is dropped.
struct AttemptEnded: Error {}
