public import NeuralNetwork
public import Partition
public import Prediction
public import Wire

/// What a coordinator is to run, settled before anybody joins.
public struct RunPlan: Sendable {
    public var configuration: RunConfiguration
    /// Which worker hosts which columns of which replica, at first.
    public var layout: ColumnLayout
    public var stores = StorePlacement.byHand(1)
    /// The step to reach.
    public var steps: Int
    public var datasetPath: String
    public var datasetFingerprint: String
    public var classes: [String]
    public var imagesPerEpoch: Int
    /// The mean picture of the training set, planar.
    public var mean: [Float]
    /// Its channels, height and width.
    public var stored: [Int]
    public var listen: SocketAddress
    public var security = LinkSecurity.none
    /// Validation errors up to the checkpoint, in their order, for schedules that depend on them.
    public var earlierErrors: [Double] = []
    /// Whether the checkpoint's step has been validated. A run may be lost between the two, and then makes up for it.
    public var isBaseValidated = true
    /// What ended the run before, where it was restarted.
    public var restartReason: String?
    /// Checkpoints that are newer than the one it continues from, and why each is not used.
    public var passedOver: [String] = []
    /// Nil draws initial values.
    public var start: StartingValues?
    /// Every how many steps processes report what they did, span by span; 0 never.
    public var traceInterval = 0
    /// Further steps of which they report it.
    public var tracedSteps: Set<Int> = []
    /// A modelled accelerator that workers wait for in place of computing; nil computes.
    public var device: SimulatedDevice?
    /// Every how many steps norms of weights and updates are taken; 0 never.
    public var normsInterval = 100
    /// Seconds that a process may be silent, or at one instruction, before it can be taken for hung.
    public var patience: Double = 5
    /// How often in a row the run may be taken back to the same step.
    public var restarts = 5
    /// Whether workers are taken in beyond those that the layout was asked to have.
    public var isElastic = false
    /// Seconds between two changes of layout that take in workers that wait, and from the first of them to the change.
    public var elasticInterval: Double = 10
    /// Seconds to wait for everybody to join.
    public var joinPatience: Double = 600

    public var workers: Int { layout.workers }

    /// The step whose values the run starts from.
    public var baseStep: Int { if case .resumed(let checkpoint)? = start { checkpoint.state.step } else { 0 } }

    public init(
        configuration: RunConfiguration, layout: ColumnLayout, steps: Int, datasetPath: String, datasetFingerprint: String,
        classes: [String], imagesPerEpoch: Int, mean: [Float], stored: [Int], listen: SocketAddress
    ) {
        (self.configuration, self.layout, self.steps) = (configuration, layout, steps)
        (self.datasetPath, self.datasetFingerprint) = (datasetPath, datasetFingerprint)
        (self.classes, self.imagesPerEpoch, self.listen) = (classes, imagesPerEpoch, listen)
        (self.mean, self.stored) = (mean, stored)
    }
}

/// What happens in a run, for whoever shows it.
public enum RunNews: Sendable {
    case listening(SocketAddress)
    case waiting(workers: Int, stores: Int, SocketAddress)
    case joined(role: String, rank: Int, host: String)
    case refused(String)
    /// A worker's host has no copy of the data set.
    case fetching(rank: Int, host: String, bytes: Int)
    /// The run starts from a trained network's values, but for the tensors listed.
    case initialized(from: String, anew: [String])
    case started(fromStep: Int, lastStep: Int)
    /// The run was ended by a loss and goes on.
    case recovered(reason: String, fromStep: Int)
    /// Who keeps the run from going on.
    case verdict(String)
    /// A loss ended the attempt; survivors hold.
    case holding(reason: String, step: Int)
    /// Everybody is there again.
    case resumed(fromStep: Int)
    /// Who leaves, and what becomes of the layout.
    case layout(String)
    /// A newer checkpoint cannot be used.
    case passedOver(String)
    case step(Int, epoch: Int, loss: Double, rate: Double, imagesPerSecond: Double)
    case validated(step: Int, loss: Double, top1Error: Double, top5Error: Double)
    case checkpoint(step: Int, path: String)
    case rateReduced(step: Int, rate: Double)
    case plateauEnded(step: Int)
    case stopping
}

/// How a run ended.
public enum RunOutcome: Sendable, Equatable {
    case finished(step: Int)
    case interrupted(step: Int)
    /// A process or its host was lost; the run can go on from its last checkpoint.
    case lost(String)
    /// Going on would end the same way.
    case failed(String)
}
