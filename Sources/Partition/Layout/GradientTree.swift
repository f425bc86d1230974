import NeuralNetwork

/// The order in which the gradients of a step's slices are summed: a binary tree over the slices that halves at every node.
/// It depends on the number of slices alone. Each replica computes slices that follow each other; it sums what of them is a
/// whole node, and the store sums those sums, so that the bits are the same for any number of replicas.
public struct GradientTree: Sendable, Equatable {
    public let slices: Int
    public let replicas: Int
    /// What the store sums: largest nodes that lie within one replica's slices, in the order of slices.
    public let contributions: [Contribution]
    /// Additions of one contribution to another; after the last, the first contribution is the gradient.
    public let additions: [Addition]

    /// The sum of slices that one replica computes.
    public struct Contribution: Sendable, Equatable {
        public let replica: Int
        public let slices: Range<Int>
    }

    /// Adds what `from` holds to `to`.
    public struct Addition: Sendable, Hashable {
        public let to: Int
        public let from: Int
    }

    /// How a worker comes by a contribution: what it does with one slice's gradient.
    public struct SlicePlan: Sendable, Equatable {
        public let slice: Int
        /// Where the slice's gradient is computed into: a contribution of the replica, counted from its first, or memory
        /// for sums, counted on from there.
        public let buffer: Int
        /// Between the same buffers, after it is computed.
        public let additions: [Addition]
        /// The contribution of the replica that is complete then, counted from its first.
        public let completes: Int?

        /// Of a step that is one slice.
        public static let whole = SlicePlan(slice: 0, buffer: 0, additions: [], completes: 0)
    }

    public init(slices: Int, replicas: Int) throws {
        guard slices >= 1, replicas >= 1, slices % replicas == 0 else {
            throw NetworkError(
                "\(replicas) replicas cannot share \(slices) \(slices == 1 ? "slice" : "slices") of a step: "
                    + "set slices to \(replicas) or a multiple of it")
        }
        (self.slices, self.replicas) = (slices, replicas)
        var contributions: [Contribution] = []
        var additions: [Addition] = []
        let each = slices / replicas
        /// - Returns: the contribution that holds the node's sum.
        func visit(_ node: Range<Int>) -> Int {
            guard node.lowerBound / each != (node.upperBound - 1) / each else {
                contributions.append(.init(replica: node.lowerBound / each, slices: node))
                return contributions.count - 1
            }
            let (left, right) = (visit(Self.left(node)), visit(Self.right(node)))
            additions.append(.init(to: left, from: right))
            return left
        }
        _ = visit(0..<slices)
        (self.contributions, self.additions) = (contributions, additions)
    }

    /// Indices into `contributions` of a replica's own.
    public func contributions(of replica: Int) -> Range<Int> {
        let first = contributions.firstIndex { $0.replica == replica }!
        return first..<(contributions.lastIndex { $0.replica == replica }! + 1)
    }

    /// Slices of a replica.
    public func slices(of replica: Int) -> Range<Int> {
        let each = slices / replicas
        return replica * each..<(replica + 1) * each
    }

    /// What a replica does with its slices, in their order.
    public func plans(of replica: Int) -> [SlicePlan] {
        let own = contributions(of: replica)
        var plans: [SlicePlan] = []
        /// The right half of a node is summed in memory of the node's depth, so that the left half's sum stays.
        func visit(_ node: Range<Int>, buffer: Int, depth: Int, then: [Addition], completes: Int?) {
            guard node.count > 1 else {
                return plans.append(.init(slice: node.lowerBound, buffer: buffer, additions: then, completes: completes))
            }
            visit(Self.left(node), buffer: buffer, depth: depth + 1, then: [], completes: nil)
            let right = own.count + depth
            visit(
                Self.right(node), buffer: right, depth: depth + 1, then: [.init(to: buffer, from: right)] + then, completes: completes)
        }
        for (index, contribution) in contributions[own].enumerated() {
            visit(contribution.slices, buffer: index, depth: 0, then: [], completes: index)
        }
        return plans
    }

    private static func middle(_ node: Range<Int>) -> Int { node.lowerBound + (node.count + 1) / 2 }
    private static func left(_ node: Range<Int>) -> Range<Int> { node.lowerBound..<middle(node) }
    private static func right(_ node: Range<Int>) -> Range<Int> { middle(node)..<node.upperBound }
}
