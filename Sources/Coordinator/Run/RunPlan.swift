public import NeuralNetwork
public import Partition
public import Prediction
public import Security

/// The run that a coordinator will carry out, resolved before anybody joins.
public struct RunPlan: Sendable {
    public var configuration: RunConfiguration
    /// The run's identity.
    package var run: UInt64 = 0
    /// The worker that hosts each column of each replica, at first.
    public var layout: ColumnLayout
    public var stores = StorePlacement.byHand(1)
    /// The step to reach.
    public var steps: Int
    public var dataset: RunDataset
    /// The address to listen on.
    public var listen: SocketAddress
    public var security = LinkSecurity.none
    /// Nil draws initial values.
    public var start: StartingValues?
    public var history = RunHistory()
    public var recording = RunRecording()
    public var limits = RunLimits()
    /// A modelled accelerator that workers wait for in place of computing; nil computes.
    public var device: SimulatedDevice?
    /// The run's directory, for the advice on how to continue.
    public var directory = ""
    /// The fencing number of the lease under which the run is written.
    public var fencing = 0

    public init(configuration: RunConfiguration, layout: ColumnLayout, steps: Int, dataset: RunDataset, listen: SocketAddress) {
        (self.configuration, self.layout, self.steps, self.dataset, self.listen) = (configuration, layout, steps, dataset, listen)
    }

    public var workers: Int { layout.workers }

    /// The step whose values the run starts from.
    public var baseStep: Int {
        if let step = history.survivingStep { return step }
        return if case .resumed(let checkpoint)? = start { checkpoint.state.step } else { 0 }
    }

    package var stepPlan: StepPlan { StepPlan(recipe: configuration.recipe, imagesPerEpoch: dataset.images, base: baseStep, last: steps) }
}

/// The training set of a run.
public struct RunDataset: Sendable {
    public var path: String
    public var fingerprint: String
    /// Names, by label.
    public var classes: [String]
    /// The number of training images.
    public var images: Int
    /// The mean image of the training set, CHW.
    public var mean: [Float]
    /// Channels, height and width of stored images.
    public var shape: [Int]

    public init(path: String, fingerprint: String, classes: [String], images: Int, mean: [Float], shape: [Int]) {
        (self.path, self.fingerprint, self.classes, self.images, self.mean, self.shape) = (path, fingerprint, classes, images, mean, shape)
    }
}

/// The earlier part of a continued run.
public struct RunHistory: Sendable {
    /// A validation of the earlier part.
    public struct Validation: Sendable, Equatable {
        package let step: Int
        package let error: Double

        public init(step: Int, error: Double) { (self.step, self.error) = (step, error) }
    }

    /// In the order of their steps, for schedules that depend on them. Those after the step that the run starts from do not count.
    public var validations: [Validation] = []
    /// The identity of a run whose coordinator is gone without an end: its stores may still have the last committed step.
    public var survivingRun: UInt64?
    /// The number of stores that such a run had.
    public var stores: Int?
    /// The last step that has a line in the run's metrics; nil where nothing limits it. A later one that stores still have does not count: its
    /// line, and perhaps a validation that later rates depend on, was lost with the coordinator before.
    public var recordedStep: Int?
    /// The step whose values the stores still have in memory, where the run starts from that.
    package var survivingStep: Int?
    /// The reason why the run ended before it was restarted.
    public var restartReason: String?
    /// Why each checkpoint that is newer than the one it continues from is not used.
    public var unusableCheckpoints: [String] = []

    public init() {}

    func errors(through step: Int) -> [Double] { validations.filter { $0.step <= step }.map(\.error) }

    /// Whether a step has been validated. A run may end between a step and its validation, and then makes up for it.
    func isValidated(_ step: Int) -> Bool { validations.contains { $0.step == step } }
}

/// The records that a run writes beside its metrics.
public struct RunRecording: Sendable {
    /// The interval of steps of which processes report what they did, span by span; 0 for none.
    public var traceInterval = 0
    /// Further steps of which they report it.
    public var tracedSteps: Set<Int> = []
    /// The interval of steps of which norms of weights and updates are taken; 0 for none.
    public var normsInterval = 100

    func isTraced(_ step: Int) -> Bool { traceInterval > 0 && step % traceInterval == 0 || tracedSteps.contains(step) }
    func isMeasured(_ step: Int) -> Bool { normsInterval > 0 && step % normsInterval == 0 }
}

/// How patient a run is, and how it changes by itself. Times are in seconds.
public struct RunLimits: Sendable {
    /// The time that a process may be silent, or at one instruction, before it can be taken for hung.
    public var patience: Double = 5
    /// The number of incidents in a row that may take the run back to the same step.
    public var restarts = 5
    /// The time to wait for everybody to join.
    public var joinPatience: Double = 600
    /// The time after which a run continues without workers that do not come back, in a smaller layout; 0 for never.
    public var shrinkPatience: Double = 60
    /// Whether workers are taken in beyond those that the layout was asked to have.
    public var isElastic = false
    /// The time between two changes of layout that take in waiting workers, and from the first of them to the change.
    public var elasticInterval: Double = 10
}

/// How a run ended.
public enum RunOutcome: Sendable, Equatable {
    case finished(step: Int)
    case interrupted(step: Int)
    /// A process or its host was lost; the run can continue from its last checkpoint.
    case lost(String)
    /// Going on would end the same way.
    case failed(String)
    /// The steps are trained, but their checkpoint could not be written; the run can go on from the one before.
    case unsaved(String)
}
