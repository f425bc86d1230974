import Coordinator
import Testing

/// The real run state and the real logic of stores and workers, through queues that deliver in any order, with a fault at every single message. Every
/// story must end, with each step once and the parameters of an undisturbed run.
@Suite struct RunModelTests {
    static let layouts = [(1, 1, 1), (2, 1, 1), (2, 2, 1), (4, 2, 2), (3, 1, 2)]

    /// The reference itself: rates fall where the validation error stops improving, and every layout gives the same.
    @Test(arguments: layouts) func everyLayoutTrainsTheSameSteps(_ workers: Int, _ replicas: Int, _ stores: Int) {
        #expect(RunStory.reference.count == 7)
        #expect(RunStory.reference[6].map { Set($0.rates).count } == 2, "the schedule does not reduce the rate")
        #expect(RunStory.reference[6]?.validations == [2, 4, 6])
        for seed in 1...10 { RunStory(seed: seed, workers: workers, replicas: replicas, stores: stores).check() }
    }

    /// Tells a story for every message at which a fault can come.
    private func atEveryMessage(_ layout: (Int, Int, Int), mayEnd: Bool = false, stride: Int = 2, _ fault: (Int) -> [ModelFault]) {
        var story = RunStory(workers: layout.0, replicas: layout.1, stores: layout.2)
        let events = story.check()
        #expect(events > 100)
        for event in Swift.stride(from: 0, to: events, by: stride) {
            story.seed = 1 + event % 3
            story.faults = [event: fault(event)]
            story.check(mayEnd: mayEnd)
        }
    }

    @Test(arguments: layouts) func aFailedWorkerAtAnyMessageCostsNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) {
        atEveryMessage((workers, replicas, stores)) { [.killWorker($0)] }
    }

    @Test(arguments: layouts) func aBrokenConnectionAtAnyMessageCostsNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) {
        atEveryMessage((workers, replicas, stores)) { [.breakLink($0)] }
    }

    /// A report of a step or of a validation, a ready, whatever it is.
    @Test(arguments: layouts) func aLostMessageCostsNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) {
        for event in 0..<3 { atEveryMessage((workers, replicas, stores), stride: 5) { [.loseMessage($0 + event)] } }
    }

    @Test func allWorkersFailingAtOnceAreOneIncident() {
        atEveryMessage((4, 2, 1)) { _ in [.killWorkers(4)] }
    }

    /// Its parameters outlive it: the process after it offers them.
    @Test(arguments: layouts) func aFailedStoreAtAnyMessageCostsNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) {
        atEveryMessage((workers, replicas, stores)) { [.killStore($0)] }
        atEveryMessage((workers, replicas, stores), stride: 7) { [.killStore($0), .killWorkers(workers)] }
    }

    /// Its successor takes the run up after the last committed step, from what stores have.
    @Test(arguments: layouts) func aLostCoordinatorAtAnyMessageCostsNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) {
        atEveryMessage((workers, replicas, stores)) { _ in [.killCoordinator] }
        atEveryMessage((workers, replicas, stores), stride: 7) { [.killCoordinator, .killStore($0)] }
    }

    /// A step that stores have and whose line is lost does not count: a step without a line would stay one.
    @Test(arguments: layouts) func aLineThatIsLostWithTheCoordinatorIsWrittenAgain(_ workers: Int, _ replicas: Int, _ stores: Int) {
        atEveryMessage((workers, replicas, stores), stride: 7) { _ in [.killCoordinatorWithALine] }
    }

    /// The others wait for it, say how they could continue at once, and then continue without it. One alone ends with what is committed.
    @Test(arguments: layouts) func aWorkerThatNobodyReplacesCostsNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) throws {
        // Before the first step the run ends.
        atEveryMessage((workers, replicas, stores), mayEnd: true, stride: 7) { [.loseWorker($0)] }
        atEveryMessage((workers, replicas, stores), mayEnd: true, stride: 13) { [.loseWorker($0), .killWorker($0 + 1)] }
        let events = RunStory(workers: workers, replicas: replicas, stores: stores).check()
        var story = RunStory(workers: workers, replicas: replicas, stores: stores)
        // It grows again when somebody joins, whether it has shrunk by then or not.
        for later in stride(from: 1, to: 200, by: 40) {
            story.faults = [events / 3: [.loseWorker(0)], events / 3 + later: [.join]]
            story.check(mayEnd: workers == 1)
        }
        story.faults = [events / 2: [.loseWorker(0)]]
        #expect(try story.tell().model.hasNamedLayout == (workers > 1))
    }

    /// The command that it names continues the run.
    @Test(arguments: [(2, 1, 1), (4, 2, 2)]) func theNamedLayoutContinuesARunThatHasLostAWorker(
        _ workers: Int, _ replicas: Int, _ stores: Int
    ) {
        var story = RunStory(workers: workers, replicas: replicas, stores: stores)
        let events = story.check()
        for event in stride(from: events / 2, to: events * 3 / 4, by: 7) {
            story.seed = event
            story.faults = [event: [.loseWorker(event)]]
            // It is asked for until it is possible: one that knows of no loss yet may refuse it.
            for later in stride(from: 20, to: 220, by: 20) { story.faults[event + later] = [.resize(workers: workers / 2, replicas: 1)] }
            story.check()
        }
    }

    @Test(arguments: [(2, 1, 1), (4, 2, 2)]) func aStopAtAnyMessageEndsWithACheckpoint(_ workers: Int, _ replicas: Int, _ stores: Int) {
        atEveryMessage((workers, replicas, stores), mayEnd: true) { _ in [.stop] }
        atEveryMessage((workers, replicas, stores), mayEnd: true, stride: 7) { [.stop, .killWorker($0)] }
    }

    @Test(arguments: [(1, 1, 2), (2, 1, 1), (4, 2, 2)]) func aChangeOfLayoutAtAnyMessageCostsNoStep(
        _ workers: Int, _ replicas: Int, _ stores: Int
    ) {
        atEveryMessage((workers, replicas, stores), stride: 5) { _ in [.join] }
        atEveryMessage((workers, replicas, stores), stride: 7) { _ in [.join, .join, .resize(workers: 4, replicas: 2)] }
        atEveryMessage((workers, replicas, stores), stride: 7) { _ in [.resize(workers: 1, replicas: 1)] }
    }

    @Test func leavingAtAnyMessageCostsNoStep() {
        atEveryMessage((3, 1, 2), mayEnd: true) { [.leave($0)] }
        atEveryMessage((2, 1, 1), mayEnd: true, stride: 2) { [.leave($0), .killWorker($0 + 1)] }
    }

    /// A disk that is full for a while gets the last checkpoint when it has room; one that stays full costs only that checkpoint.
    @Test(arguments: layouts) func aFullDiskAtAnyMessageCostsNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) {
        var story = RunStory(workers: workers, replicas: replicas, stores: stores)
        let events = story.check()
        for event in stride(from: 0, to: events, by: 9) {
            story.seed = 1 + event % 3
            story.faults = [event: [.fillDisk], event + 20: [.freeDisk]]
            story.check()
            story.faults = [event: [.fillDisk, .killWorker(event)], event + 20: [.freeDisk]]
            story.check()
            story.faults = [event: [.fillDisk]]
            story.check(mayEnd: true)
        }
    }

    /// A checkpoint is tried again only when every store can send it, and a successor writes the one that its predecessor could not.
    @Test(arguments: layouts) func aFullDiskAndAFailedStoreOrCoordinatorCostNoStep(_ workers: Int, _ replicas: Int, _ stores: Int) {
        var story = RunStory(workers: workers, replicas: replicas, stores: stores)
        let events = story.check()
        for event in stride(from: 0, to: events, by: 13) {
            story.seed = 1 + event % 3
            story.faults = [event: [.fillDisk], event + 10: [.killStore(event)], event + 40: [.freeDisk]]
            story.check()
            story.faults = [event: [.fillDisk], event + 10: [.killCoordinator], event + 40: [.freeDisk]]
            story.check()
            story.faults = [event: [.fillDisk], event + 10: [.killStore(event), .loseWorker(event)]]
            story.check(mayEnd: true)
        }
    }

    /// Long random stories: failures during recoveries, changes, stops and validations.
    @Test(arguments: 0..<8) func longRandomStoriesEnd(_ part: Int) {
        var random = ModelRandom(900 + part)
        for seed in 1...60 {
            var story = RunStory(
                seed: seed + 1000 * part, workers: 2, replicas: [1, 2].randomElement(using: &random)!,
                stores: Int.random(in: 1...3, using: &random))
            for _ in 0..<Int.random(in: 2...7, using: &random) {
                let event = Int.random(in: 0..<900, using: &random)
                let index = Int.random(in: 0..<8, using: &random)
                let fault: ModelFault =
                    switch Int.random(in: 0..<14, using: &random) {
                    case 0...2: .killWorker(index)
                    case 3: .killWorkers(2)
                    case 4: .breakLink(index)
                    case 5: .loseMessage(index)
                    case 6: .join
                    case 7: .resize(workers: [1, 2, 4].randomElement(using: &random)!, replicas: [1, 2].randomElement(using: &random)!)
                    case 8: .checkpoint
                    case 9: .leave(index)
                    case 10: index == 0 ? .stop : .breakLink(index)
                    case 11: .fillDisk
                    case 12: .freeDisk
                    default: index < 2 ? .killStore(index) : index < 4 ? .killCoordinator : .killWorker(index)
                    }
                story.faults[event, default: []].append(fault)
            }
            story.check(mayEnd: true)
        }
    }
}
