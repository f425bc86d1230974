public import Partition

/// The step protocol of one store shard, without threads or sockets: events in, actions out.
///
/// A tensor's update for step s is computed when all contributions to its gradient are there, the coordinator has granted s with a learning
/// rate, and s−1 has committed: values lie in two buffers that take turns, and until s−1 has committed the buffer
/// that s is written to still holds the values that a failure would return to. The step is stored when every tensor has
/// its update, and final when the coordinator commits it.
public struct ShardStepMachine: Sendable {
    public typealias Key = ParameterBlock.Key

    /// One of the gradients that are summed to a tensor's, as `GradientTree` counts them.
    public struct Gradient: Hashable, Comparable, Sendable {
        public let key: Key
        public let contribution: Int

        public init(of key: Key, contribution: Int = 0) { (self.key, self.contribution) = (key, contribution) }

        public static func < (a: Gradient, b: Gradient) -> Bool { (a.key, a.contribution) < (b.key, b.contribution) }
    }

    public enum Action: Equatable, Sendable {
        /// Compute the update of a tensor for a step into the step's buffer.
        case update(Key, step: Int, rate: Float)
        /// Tell the tensor's worker that the step's value is there.
        case announce(Key, step: Int)
        /// Tell the coordinator that every tensor has the step's update.
        case stored(step: Int)
    }

    public enum Violation: Error, Equatable, Sendable {
        case unknownGradient(Gradient)
        case pushedTwice(Gradient, step: Int)
        case unexpectedStep(Int, committed: Int)
        case commitOfUnstored(Int)
    }

    /// Steps beyond the last that is committed for which gradients may come.
    public static let window = 2

    public let keys: Set<Key>
    /// Gradients that are summed to each tensor's.
    public let contributions: Int
    public private(set) var committed: Int
    public private(set) var attempt: UInt32
    private var rates: [Int: Float] = [:]
    /// Tensors whose gradients are all there, and that wait for a grant or a commit.
    private var waiting: [Int: [Key]] = [:]
    private var pushed: [Int: Set<Gradient>] = [:]
    private var updated: [Int: Set<Key>] = [:]

    /// - Parameter base: the step whose values the tensors hold.
    public init(keys: Set<Key>, contributions: Int = 1, base: Int, attempt: UInt32) {
        (self.keys, self.contributions, committed, self.attempt) = (keys, contributions, base, attempt)
    }

    /// The coordinator lets a step be applied.
    public mutating func grant(step: Int, rate: Float) -> [Action] {
        guard step > committed else { return [] }
        rates[step] = rate
        // A shard that holds no tensor, such as a coordinator's whose host has no worker, has nothing to wait for.
        return keys.isEmpty ? [.stored(step: step)] : release()
    }

    /// A gradient has arrived. One of an older attempt is ignored: its worker has received, or will receive, the abort.
    public mutating func push(_ gradient: Gradient, step: Int, attempt: UInt32) throws -> [Action] {
        guard attempt == self.attempt else { return [] }
        guard keys.contains(gradient.key), (0..<contributions).contains(gradient.contribution) else {
            throw Violation.unknownGradient(gradient)
        }
        guard step > committed, step <= committed + Self.window else {
            throw Violation.unexpectedStep(step, committed: committed)
        }
        guard pushed[step, default: []].insert(gradient).inserted else { throw Violation.pushedTwice(gradient, step: step) }
        let isWhole = (0..<contributions).allSatisfy { pushed[step]!.contains(Gradient(of: gradient.key, contribution: $0)) }
        guard isWhole else { return [] }
        waiting[step, default: []].append(gradient.key)
        return release()
    }

    /// An update has been computed.
    public mutating func finishedUpdate(_ key: Key, step: Int, attempt: UInt32) -> [Action] {
        guard attempt == self.attempt, step > committed else { return [] }
        updated[step, default: []].insert(key)
        var actions: [Action] = [.announce(key, step: step)]
        if updated[step]!.count == keys.count { actions.append(.stored(step: step)) }
        return actions
    }

    /// The coordinator has made a step final.
    public mutating func commit(step: Int) throws -> [Action] {
        guard step > committed else { return [] }
        guard step == committed + 1, rates[step] != nil, (updated[step]?.count ?? 0) == keys.count else {
            throw Violation.commitOfUnstored(step)
        }
        committed = step
        rates[step] = nil
        pushed[step] = nil
        updated[step] = nil
        return release()
    }

    /// A process has failed: whatever is not committed is dropped, and pushes of older attempts count no more.
    public mutating func abort(attempt: UInt32) {
        self.attempt = attempt
        rates = [:]
        waiting = [:]
        pushed = [:]
        updated = [:]
    }

    /// Gradients for the next step to be committed that have not come.
    public var missing: Set<Gradient> {
        Set(keys.flatMap { key in (0..<contributions).map { Gradient(of: key, contribution: $0) } })
            .subtracting(pushed[committed + 1] ?? [])
    }

    private mutating func release() -> [Action] {
        let step = committed + 1
        guard let rate = rates[step], let keys = waiting.removeValue(forKey: step) else { return [] }
        return keys.map { .update($0, step: step, rate: rate) }
    }
}
