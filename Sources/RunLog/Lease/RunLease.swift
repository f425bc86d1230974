/// The rules by which a run has one coordinator, as a pure value: what a process has read goes in, and what it does next comes out. It has
/// no files, clocks or threads, so that tests can drive several of them through every order of events.
///
/// A lease is a file `lease.N` in the run's directory. N is the fencing number. The highest counts.
///
/// - A process claims a number by creating its file, which only one can. It is the number after the highest.
/// - The owner rewrites its own file with a higher counter again and again. Nobody else ever writes it.
/// - Others may claim the next number if the owner has released its lease, if its process has certainly ended, or if the counter has stood
///   still for `Times.limit` by their own clock.
/// - The owner of a number acts only while it is *confirmed*: for `Times.validity` from the beginning of a look into the directory that
///   found no higher number. A successor of an owner that stood still therefore waits a little longer than that before it acts. So no two processes act
///   at the same time, however long each of them is stopped between any two events.
public struct RunLease: Sendable, Hashable {
    /// Times in seconds.
    public struct Times: Sendable, Hashable {
        /// The time for which a counter must stand still.
        public var limit: Double
        /// The time for which a look into the directory lets the owner act.
        public var validity: Double
        /// The time that a successor of an owner that stood still waits before it acts. It is longer than `validity`, because no two
        /// clocks are equally fast.
        public var grace: Double
        /// The time between two renewals.
        public var interval: Double
        /// The time between two looks at somebody else's lease.
        public var pause: Double

        public init(limit: Double = 10) {
            (self.limit, validity, grace, interval, pause) = (limit, 0.4 * limit, 0.5 * limit, 0.1 * limit, 0.05 * limit)
        }
    }

    /// The relation of a new owner to the one before.
    public enum Succession: Sendable, Hashable {
        case first
        /// The owner before had released its lease.
        case released
        /// The process of the owner before has ended.
        case ownerEnded
        /// The counter stood still. The process may only be stopped, and continue at any time.
        case stoodStill
    }

    /// The next action of the process. It reports the result, and is told what follows.
    public enum Effect: Sendable, Hashable {
        /// Look into the directory: `saw`.
        case look
        /// Create the file of this number unless there is one: `wrote`, in both cases.
        case claim(fencing: Int)
        /// Replace the own file by one with this counter: `wrote` or `failed`.
        case renew(fencing: Int, counter: Int)
        /// Wait for so many seconds: `woke`.
        case pause(Double)
        /// The lease is held. Wait until the time for the next renewal: `woke`.
        case acquired(fencing: Int, Succession)
        /// Somebody else has the lease, and lives.
        case refused(LeaseSighting?)
        /// Somebody else has taken over the lease that was held. Nothing may be written any more.
        case superseded(LeaseSighting?)
    }

    private enum Phase: Sendable, Hashable {
        case observing(Observation?)
        case claiming(Int, Succession)
        /// A claim succeeded, and the owner before may act for a while.
        case waiting(Int, until: Double)
        /// The first renewal is under way.
        case beginning(Int, Succession)
        case holding(Holding)
        case ended
    }

    private struct Observation: Sendable, Hashable {
        var fencing: Int
        var owner: String?
        var counter: Int?
        /// The end of the first look that saw this counter, and of the last one.
        var since: Double
        var last: Double

        init(_ sighting: LeaseSighting, at time: Double) {
            (fencing, owner, counter) = (sighting.fencing, sighting.record?.owner, sighting.record?.counter)
            (since, last) = (time, time)
        }

        func isSame(as other: Observation) -> Bool { (fencing, owner ?? "", counter) == (other.fencing, other.owner ?? "", other.counter) }
    }

    private struct Holding: Sendable, Hashable {
        enum Stage { case idle, checking, renewing, confirming }

        package let fencing: Int
        var counter: Int
        var stage = Stage.idle
        /// The beginning of the last look that found no higher number.
        var confirmed: Double
    }

    public let owner: String
    public let times: Times
    /// A fencing number that has been used, as the run's record says.
    private let floor: Int
    private var phase = Phase.observing(nil)

    /// - Parameters:
    ///   - owner: a text that no other process uses.
    ///   - floor: the highest fencing number known from elsewhere; 0 if there is none. The new one will be higher.
    public init(owner: String, floor: Int = 0, times: Times = Times()) { (self.owner, self.floor, self.times) = (owner, floor, times) }

    /// The first action.
    public var start: Effect { .look }

    /// The fencing number of the lease that is held; nil if none is.
    public var fencing: Int? { if case .holding(let holding) = phase { holding.fencing } else { nil } }

    /// Returns whether this process may act as the run's coordinator.
    public func isConfirmed(at now: Double) -> Bool {
        if case .holding(let holding) = phase { now - holding.confirmed < times.validity } else { false }
    }

    // MARK: Events

    /// Takes in what a look into the directory has found.
    /// - Parameters:
    ///   - sighting: the lease with the highest number; nil if there is none.
    ///   - began: the time at which the look began, by a clock of this host that never stands still.
    ///   - ended: the time at which it ended.
    public mutating func saw(_ sighting: LeaseSighting?, from began: Double, to ended: Double) -> Effect {
        switch phase {
        case .observing(let before): return observe(sighting, before, from: began, to: ended)
        case .claiming(let number, let succession):
            guard isOwn(sighting, number) else { return refuse(sighting) }
            if succession == .stoodStill {
                // Not from an earlier time: the owner before may have looked just before the claim.
                phase = .waiting(number, until: ended + times.grace)
                return .pause(times.grace)
            }
            return begin(number, succession)
        case .waiting(let number, let time):
            guard isOwn(sighting, number) else { return refuse(sighting) }
            return began < time ? .pause(time - began) : begin(number, .stoodStill)
        case .beginning(let number, let succession):
            guard isOwn(sighting, number) else { return refuse(sighting) }
            phase = .holding(Holding(fencing: number, counter: 1, confirmed: began))
            return .acquired(fencing: number, succession)
        case .holding(let holding): return check(sighting, holding, from: began)
        case .ended: return .refused(sighting)
        }
    }

    /// A file has been written; or, for a claim, somebody else's was there.
    public mutating func wrote() -> Effect {
        if case .holding(var holding) = phase {
            holding.stage = .confirming
            phase = .holding(holding)
        }
        return .look
    }

    /// A look or a renewal has failed. The owner tries again later, and acts until its last confirmation expires.
    public mutating func failed() -> Effect {
        guard case .holding(var holding) = phase else { return .pause(times.pause) }
        holding.stage = .idle
        phase = .holding(holding)
        return .pause(times.interval)
    }

    /// A pause is over, or was ended early.
    public mutating func woke() -> Effect {
        if case .holding(var holding) = phase {
            holding.stage = .checking
            phase = .holding(holding)
        }
        return .look
    }

    // MARK: Rules

    private mutating func observe(
        _ sighting: LeaseSighting?, _ before: Observation?, from began: Double, to ended: Double
    ) -> Effect {
        guard let sighting else { return claim(after: 0, .first) }
        if sighting.record?.isReleased == true { return claim(after: sighting.fencing, .released) }
        // One that ended before its first renewal may have been waiting for an owner that stood still.
        if sighting.hasOwnerEnded { return claim(after: sighting.fencing, (sighting.record?.counter ?? 0) > 0 ? .ownerEnded : .stoodStill) }
        var observation = Observation(sighting, at: ended)
        if let before, !observation.isSame(as: before) {
            // Its owner lives, or somebody else has just taken over. A file that could not be read tells nothing.
            let isTold = observation.owner != nil && before.owner != nil || observation.fencing != before.fencing
            if isTold { return refuse(sighting) }
        } else if let before {
            // An observer that was itself stopped has not observed.
            if began - before.last <= times.limit / 2 { observation.since = before.since }
            if began - observation.since >= times.limit { return claim(after: sighting.fencing, .stoodStill) }
        }
        phase = .observing(observation)
        return .pause(times.pause)
    }

    private mutating func claim(after highest: Int, _ succession: Succession) -> Effect {
        let number = max(highest, floor) + 1
        phase = .claiming(number, succession)
        return .claim(fencing: number)
    }

    private func isOwn(_ sighting: LeaseSighting?, _ number: Int) -> Bool {
        sighting?.fencing == number && sighting?.record?.owner == owner
    }

    private mutating func begin(_ number: Int, _ succession: Succession) -> Effect {
        phase = .beginning(number, succession)
        return .renew(fencing: number, counter: 1)
    }

    private mutating func check(_ sighting: LeaseSighting?, _ holding: Holding, from began: Double) -> Effect {
        var holding = holding
        // A file that is missing or damaged is written again by the renewal.
        if let sighting, sighting.fencing > holding.fencing || sighting.fencing == holding.fencing && isForeign(sighting.record) {
            phase = .ended
            return .superseded(sighting)
        }
        defer { phase = .holding(holding) }
        // The look before a renewal keeps a process that was stopped from writing. The one after it counts, because on a network file
        // system what this host remembers of a directory is renewed when this host changes it.
        guard holding.stage == .confirming else {
            holding.counter += 1
            holding.stage = .renewing
            return .renew(fencing: holding.fencing, counter: holding.counter)
        }
        (holding.stage, holding.confirmed) = (.idle, began)
        return .pause(times.interval)
    }

    private func isForeign(_ record: LeaseRecord?) -> Bool { record.map { $0.owner != owner } ?? false }

    private mutating func refuse(_ sighting: LeaseSighting?) -> Effect {
        phase = .ended
        return .refused(sighting)
    }
}
