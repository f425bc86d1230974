import Platform
import Protocol
import Security
import Transport
package import Partition

/// The blocks that a store holds in one layout: which have memory, which have values, and their steps. A change of layout makes a new one.
package struct ShardState: Sendable {
    package typealias Key = ParameterBlock.Key

    package internal(set) var machine: ShardStepMachine
    /// The blocks that this store holds.
    package private(set) var held: Set<Key>
    /// The step whose values the blocks had at first.
    let base: Int
    /// Whether first values come from the coordinator or another store; otherwise they are drawn.
    let restores: Bool
    private var segments: [Key: SegmentID] = [:]
    /// Segments, and whether they have values.
    private var isInitialized: [SegmentID: Bool] = [:]

    init(_ held: Set<Key>, contributions: Int, base: Int, restores: Bool, attempt: UInt32) {
        (self.held, self.base, self.restores) = (held, base, restores)
        machine = ShardStepMachine(keys: held, contributions: contributions, base: base, attempt: attempt)
    }

    func segment(of key: Key) -> SegmentID? { segments[key] }

    func hasValues(_ segment: SegmentID) -> Bool { isInitialized[segment] == true }

    /// Whether every block has values.
    var isComplete: Bool { segments.count == held.count && isInitialized.values.allSatisfy { $0 } }

    func isRegistered(_ keys: [Key]) -> Bool { keys.allSatisfy { segments[$0] != nil } }

    /// Returns the segment of tensors that a worker registers; nil if it must be made.
    /// - Throws: `WireError` where they cannot be one worker's.
    func segment(for keys: [Key]) throws(WireError) -> SegmentID? {
        guard keys.allSatisfy(held.contains) else {
            throw WireError(.malformed, "a worker registered a tensor that this store does not hold")
        }
        guard let first = keys.first else { throw WireError(.malformed, "a worker registered no tensors") }
        // Whether the rest of a known segment is the same is seen where its memory is.
        if let known = segments[first] { return known }
        guard !keys.contains(where: { segments[$0] != nil }) else {
            throw WireError(.malformed, "a worker registered a tensor of another worker")
        }
        return nil
    }

    /// Records that tensors have memory.
    /// - Returns: Whether the memory is new and needs values.
    mutating func register(_ registration: Registration) -> Bool {
        guard isInitialized[registration.segment] == nil else { return false }
        isInitialized[registration.segment] = false
        for key in registration.keys { segments[key] = registration.segment }
        return true
    }

    /// Records that a segment has its first values.
    mutating func initialize(_ segment: SegmentID) { if isInitialized[segment] != nil { isInitialized[segment] = true } }

    /// Drops blocks that another store holds from now on.
    mutating func giveAway(_ keys: Set<Key>) {
        held.subtract(keys)
        segments = segments.filter { !keys.contains($0.key) }
    }
}
