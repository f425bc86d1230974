import NeuralNetwork

/// The order in which the gradients of a step's slices are summed: a binary tree over the slices, halved at every node.
///
/// The tree depends on the number of slices only. Each replica computes consecutive slices and sums those that form whole nodes; the
/// store adds up these sums. So the result has the same bits for any number of replicas.
public struct GradientTree: Sendable, Equatable {
    public let slices: Int
    public let replicas: Int
    /// The sums that the store receives: the largest nodes within one replica's slices, in the order of slices.
    public let contributions: [Contribution]
    /// The store's additions of one contribution to another; after the last one, the first contribution is the gradient.
    public let additions: [Addition]

    /// The sum of slices that one replica computes.
    public struct Contribution: Sendable, Equatable {
        public let replica: Int
        public let slices: Range<Int>
    }

    /// An addition of the content of buffer `from` to buffer `to`.
    public struct Addition: Sendable, Hashable {
        public let to: Int
        public let from: Int
    }

    /// A worker's plan for the gradient of one slice.
    ///
    /// Buffers are numbered: first the replica's contributions, then temporary sums.
    public struct SlicePlan: Sendable, Equatable {
        public let slice: Int
        /// The buffer in which the slice's gradient is computed.
        public let buffer: Int
        /// Additions between buffers, once the gradient is computed.
        public let additions: [Addition]
        /// The contribution that these additions complete, counted from the replica's first; nil if none.
        public let completes: Int?

        /// The plan for a step of a single slice.
        public static let whole = SlicePlan(slice: 0, buffer: 0, additions: [], completes: 0)
    }

    /// - Throws: `NetworkError` unless `replicas` divides `slices`.
    public init(slices: Int, replicas: Int) throws {
        guard slices >= 1, replicas >= 1, slices % replicas == 0 else {
            throw NetworkError(
                "\(replicas) replicas cannot share \(slices) \(slices == 1 ? "slice" : "slices") of a step; "
                    + "set slices to a multiple of \(replicas)")
        }
        (self.slices, self.replicas) = (slices, replicas)
        var contributions: [Contribution] = []
        var additions: [Addition] = []
        let each = slices / replicas
        /// - Returns: the contribution to which the node's sum is added.
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

    /// Returns the indices in `contributions` of one replica's contributions.
    public func contributions(of replica: Int) -> Range<Int> {
        let first = contributions.firstIndex { $0.replica == replica }!
        return first..<(contributions.lastIndex { $0.replica == replica }! + 1)
    }

    /// Returns the slices of one replica.
    public func slices(of replica: Int) -> Range<Int> {
        let each = slices / replicas
        return replica * each..<(replica + 1) * each
    }

    /// Returns a replica's plans for its slices, in order.
    public func plans(of replica: Int) -> [SlicePlan] {
        let own = contributions(of: replica)
        var plans: [SlicePlan] = []
        /// The right half of a node is summed in a buffer for the node's depth, so that the left half's sum is not overwritten.
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
