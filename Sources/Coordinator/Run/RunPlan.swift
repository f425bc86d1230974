public import NeuralNetwork
public import Partition
public import Prediction
public import Wire

/// The run that a coordinator is to carry out, settled before anybody joins.
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
    /// The reason why the run ended before it was restarted; nil if it was not.
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

    /// The run's directory, for the advice on how to continue.
    public var directory = ""

    package var stepPlan: StepPlan { StepPlan(recipe: configuration.recipe, imagesPerEpoch: imagesPerEpoch, base: baseStep, last: steps) }

    /// Whether processes report what they do in a step, span by span.
    func isTraced(_ step: Int) -> Bool { traceInterval > 0 && step % traceInterval == 0 || tracedSteps.contains(step) }

    /// Whether norms of weights and updates are taken in a step.
    func isMeasured(_ step: Int) -> Bool { normsInterval > 0 && step % normsInterval == 0 }

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

/// How a run ended.
public enum RunOutcome: Sendable, Equatable {
    case finished(step: Int)
    case interrupted(step: Int)
    /// A process or its host was lost; the run can go on from its last checkpoint.
    case lost(String)
    /// Going on would end the same way.
    case failed(String)
}
