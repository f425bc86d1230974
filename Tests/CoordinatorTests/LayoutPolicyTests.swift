import Coordinator
import Partition
import Testing

/// To which layout a run changes, and when.
@Suite struct LayoutPolicyTests {
    private let two = try! ColumnLayout(columns: 4, workers: 2)

    private func policy(isElastic: Bool = false) -> LayoutPolicy {
        LayoutPolicy(columns: 4, slices: 2, requested: 2, isElastic: isElastic, interval: 10)
    }

    @Test func whoLeavesIsReplacedOrDoneWithout() throws {
        var policy = policy()
        #expect(policy.decide(current: two, staying: 2, spares: 3, isLeaving: false, at: 0) == .stay)
        #expect(policy.decide(current: two, staying: 1, spares: 1, isLeaving: true, at: 0) == .change(two))
        #expect(
            policy.decide(current: two, staying: 1, spares: 0, isLeaving: true, at: 0) == .change(try ColumnLayout(columns: 4, workers: 1)))
        #expect(policy.decide(current: two, staying: 0, spares: 0, isLeaving: true, at: 0) == .stop)
        // Seven are no layout of four columns and two slices; six are.
        let eight = try ColumnLayout(columns: 4, workers: 8, replicas: 2)
        #expect(
            policy.decide(current: eight, staying: 7, spares: 0, isLeaving: true, at: 0)
                == .change(try ColumnLayout(columns: 4, workers: 6, replicas: 2)))
    }

    /// A worker that left and came back, as a pod of a node that was drained does.
    @Test func sparesFillUpToWhatWasAskedFor() throws {
        var policy = policy()
        let one = try ColumnLayout(columns: 4, workers: 1)
        #expect(policy.decide(current: one, staying: 1, spares: 0, isLeaving: false, at: 0) == .stay)
        #expect(policy.decide(current: one, staying: 1, spares: 3, isLeaving: false, at: 1) == .ask(at: 11))
        #expect(policy.decide(current: one, staying: 1, spares: 3, isLeaving: false, at: 11) == .change(two))
        policy.changed(at: 11)
        #expect(policy.decide(current: two, staying: 2, spares: 2, isLeaving: false, at: 100) == .stay)
        // What was asked for since counts.
        #expect(policy.resize(workers: 1, replicas: nil, current: two, staying: 2, spares: 2) == nil)
        #expect(policy.decide(current: two, staying: 2, spares: 2, isLeaving: false, at: 100) == .change(one))
        policy.changed(at: 100)
        #expect(policy.decide(current: one, staying: 1, spares: 3, isLeaving: false, at: 200) == .stay)
    }

    @Test func whatIsAskedForIsCheckedAgainstTheLayoutsAndWhoIsThere() throws {
        var policy = policy()
        let impossible = policy.resize(workers: 5, replicas: nil, current: two, staying: 2, spares: 9) ?? ""
        #expect(impossible.contains("1 to 4 workers; 2, 4, 6 or 8 in 2 replicas"))
        let few = policy.resize(workers: 4, replicas: 2, current: two, staying: 2, spares: 1) ?? ""
        #expect(few.contains("3 are there (2 in the run, 1 waiting)") && few.contains("start 1 more"))
        let same = policy.resize(workers: 2, replicas: 1, current: two, staying: 2, spares: 0) ?? ""
        #expect(same.contains("already"))
        #expect(policy.decide(current: two, staying: 2, spares: 2, isLeaving: false, at: 0) == .stay)
        #expect(policy.resize(workers: 4, replicas: nil, current: two, staying: 2, spares: 2) == nil)
        #expect(
            policy.decide(current: two, staying: 2, spares: 2, isLeaving: false, at: 0) == .change(try ColumnLayout(columns: 4, workers: 4))
        )
        // One is lost before the boundary.
        guard case .drop = policy.decide(current: two, staying: 2, spares: 1, isLeaving: false, at: 0) else { return #expect(Bool(false)) }
        #expect(policy.decide(current: two, staying: 2, spares: 2, isLeaving: false, at: 0) == .stay)
    }

    @Test func sparesThatJoinInARowAreTakenInByOneChange() throws {
        var policy = policy(isElastic: true)
        #expect(policy.decide(current: two, staying: 2, spares: 1, isLeaving: false, at: 100) == .ask(at: 110))
        #expect(policy.decide(current: two, staying: 2, spares: 2, isLeaving: false, at: 104) == .ask(at: 110))
        #expect(
            policy.decide(current: two, staying: 2, spares: 2, isLeaving: false, at: 110)
                == .change(try ColumnLayout(columns: 4, workers: 4)))
        policy.changed(at: 110)
        let four = try ColumnLayout(columns: 4, workers: 4)
        // A fifth has no place: with four columns and two slices only two replicas of three would take six.
        #expect(policy.decide(current: four, staying: 4, spares: 1, isLeaving: false, at: 111) == .stay)
        #expect(policy.decide(current: four, staying: 4, spares: 2, isLeaving: false, at: 112) == .ask(at: 122))
        #expect(
            policy.decide(current: four, staying: 4, spares: 2, isLeaving: false, at: 122)
                == .change(try ColumnLayout(columns: 4, workers: 6, replicas: 2)))
    }
}
