import NeuralNetwork
import Partition
import Testing

/// Sums over slices with strings instead of numbers, so that (a+b) differs from (b+a), and ((a+b)+c) from (a+(b+c)).
@Suite struct GradientTreeTests {
    /// Returns the store's sum if every replica follows its plans.
    private func sum(_ slices: Int, _ replicas: Int) throws -> String {
        let tree = try GradientTree(slices: slices, replicas: replicas)
        var pushed: [Int: String] = [:]
        var computed: [Int] = []
        for replica in 0..<replicas {
            var buffers: [Int: String] = [:]
            for plan in tree.plans(of: replica) {
                computed.append(plan.slice)
                buffers[plan.buffer] = "\(plan.slice)"
                for addition in plan.additions { buffers[addition.to] = "(\(buffers[addition.to]!)+\(buffers[addition.from]!))" }
                if let completes = plan.completes {
                    let contribution = tree.contributions(of: replica).lowerBound + completes
                    #expect(pushed.updateValue(buffers[completes]!, forKey: contribution) == nil)
                }
            }
        }
        #expect(computed == Array(0..<slices))
        #expect(pushed.count == tree.contributions.count)
        for addition in tree.additions { pushed[addition.to] = "(\(pushed[addition.to]!)+\(pushed[addition.from]!))" }
        return pushed[0]!
    }

    @Test(arguments: [1, 2, 3, 4, 6, 7, 8, 12, 15, 16, 30, 64]) func theSumIsTheSameForAnyReplicas(slices: Int) throws {
        let whole = try sum(slices, 1)
        for replicas in 2...64 where slices % replicas == 0 { #expect(try sum(slices, replicas) == whole, "\(replicas) replicas") }
    }

    @Test func halvesAreHalved() throws {
        #expect(try sum(4, 2) == "((0+1)+(2+3))")
        #expect(try sum(6, 3) == "(((0+1)+2)+((3+4)+5))")
        // Slices 2 and 3 of replica 1, and 4 and 5 of replica 2, are in different nodes, so each replica makes two contributions.
        #expect(try GradientTree(slices: 6, replicas: 3).contributions.count == 5)
        #expect(try GradientTree(slices: 8, replicas: 4).contributions.count == 4)
    }

    @Test func replicasShareSlicesEvenly() {
        #expect(throws: NetworkError.self) { try GradientTree(slices: 4, replicas: 3) }
        #expect(throws: NetworkError.self) { try ColumnLayout(columns: 2, workers: 3, replicas: 2) }
        #expect(throws: NetworkError.self) { try ColumnLayout(columns: 2, workers: 6, replicas: 2) }
        #expect(throws: NetworkError.self) { try ColumnLayout(columns: 2, workers: 1, replicas: 2) }
    }
}
