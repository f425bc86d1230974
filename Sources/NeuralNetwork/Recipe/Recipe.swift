public import Tensors

/// The hyperparameters of training: everything except the topology. The defaults are the paper's.
public struct Recipe: Codable, Sendable, Equatable {
    /// The number format of weights in kernels, activations and exchanges. Sums, weight gradients, and the store's values and momenta
    /// always have 32 bits.
    public enum Precision: String, SettingWord, Sendable {
        case fp32, bf16

        public var elements: ElementType { self == .fp32 ? .float32 : .bfloat16 }
    }

    /// The source of initial values.
    public enum Initialization: String, SettingWord, Sendable {
        /// Each layer's `ParameterRecipe`; for `alexnet` the paper's N(0, 0.01²) and biases (§5).
        case stated
        /// N(0, 2 / inputs of a unit) for weights and zero for biases (He et al. 2015). It needs network inputs of about unit
        /// variance; see `data.scale`.
        case he
    }

    public var seed: UInt64 = 1
    /// Images in a step, over all replicas.
    public var batch = 128
    /// The number of equal parts of a step. Their gradients are computed one by one and summed in a fixed tree, so the result has the
    /// same bits for any number of replicas.
    public var slices = 1
    /// Kernel threads of each worker. The number is part of the run because the order of sums depends on it.
    public var threads = 1
    /// The largest number of threads accepted.
    public static let maximumThreads = 1024
    public var precision = Precision.fp32
    public var exchange = Exchange()
    /// Whether 3×3 convolutions use Winograd's F(4×4, 3×3) where it is faster.
    public var winograd = true
    public var initialization = Initialization.stated
    /// Overrides the dropout of all layers; 0 turns dropout off.
    public var dropout: Float?
    public var optimizer = Optimizer()
    public var schedule = Schedule()
    public var augmentation = Augmentation()
    public var data = DataReading()
    public var validation = Interval()
    public var checkpoint = CheckpointRule()

    public init() {}

    private enum Key: String, CodingKey, CaseIterable {
        case seed, batch, slices, threads, precision, exchange, winograd, initialization, dropout, optimizer, schedule, augmentation, data
        case validation, checkpoint
    }

    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        seed = try container.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
        batch = try container.decodeIfPresent(Int.self, forKey: .batch) ?? batch
        slices = try container.decodeIfPresent(Int.self, forKey: .slices) ?? slices
        threads = try container.decodeIfPresent(Int.self, forKey: .threads) ?? threads
        precision = try container.decodeIfPresent(Precision.self, forKey: .precision) ?? precision
        exchange = try container.decodeIfPresent(Exchange.self, forKey: .exchange) ?? exchange
        winograd = try container.decodeIfPresent(Bool.self, forKey: .winograd) ?? winograd
        initialization =
            try container.decodeIfPresent(Initialization.self, forKey: .initialization) ?? initialization
        dropout = try container.decodeIfPresent(Float.self, forKey: .dropout)
        optimizer = try container.decodeIfPresent(Optimizer.self, forKey: .optimizer) ?? optimizer
        schedule = try container.decodeIfPresent(Schedule.self, forKey: .schedule) ?? schedule
        augmentation = try container.decodeIfPresent(Augmentation.self, forKey: .augmentation) ?? augmentation
        data = try container.decodeIfPresent(DataReading.self, forKey: .data) ?? data
        validation = try container.decodeIfPresent(Interval.self, forKey: .validation) ?? validation
        checkpoint = try container.decodeIfPresent(CheckpointRule.self, forKey: .checkpoint) ?? checkpoint
    }

    /// The number format of activations and their gradients that columns exchange. Logits always have 32 bits.
    public var exchangedElements: ElementType { precision == .bf16 ? .bfloat16 : exchange.activations.elements }

    /// Images in a slice, which is one pass through the network.
    public var sliceBatch: Int { batch / slices }

    /// Checks the ranges of all settings.
    /// - Throws: `NetworkError`.
    public func check() throws {
        guard (1...65536).contains(batch) else { throw NetworkError("batch must be between 1 and 65536, not \(batch)") }
        guard (1...1024).contains(slices), batch % slices == 0 else {
            throw NetworkError("slices must be between 1 and 1024 and divide the batch of \(batch), not \(slices)")
        }
        guard (1...Self.maximumThreads).contains(threads) else {
            throw NetworkError("threads must be between 1 and \(Self.maximumThreads), not \(threads)")
        }
        if let dropout, !(dropout >= 0 && dropout < 1) {
            throw NetworkError("dropout must be at least 0 and less than 1, not \(dropout)")
        }
        guard optimizer.learningRate > 0, optimizer.learningRate.isFinite else {
            throw NetworkError("optimizer.learning_rate must be above 0, not \(optimizer.learningRate)")
        }
        guard optimizer.momentum >= 0, optimizer.momentum < 1 else {
            throw NetworkError("optimizer.momentum must be at least 0 and less than 1, not \(optimizer.momentum)")
        }
        guard optimizer.weightDecay >= 0, optimizer.weightDecay.isFinite else {
            throw NetworkError("optimizer.weight_decay must be at least 0, not \(optimizer.weightDecay)")
        }
        guard data.scale > 0, data.scale.isFinite else {
            throw NetworkError("data.scale must be above 0, not \(data.scale)")
        }
        try schedule.check(validates: validation.every != 0)
        for (name, every) in [("validation", validation.every), ("checkpoint", checkpoint.every)] {
            if let every, every < 0 { throw NetworkError("\(name).every must be at least 0, not \(every)") }
        }
    }
}

/// The number formats in which columns and the store exchange tensors. Values are rounded in every layout, even within one process,
/// so that all layouts compute the same bits.
public struct Exchange: Codable, Sendable, Equatable {
    /// Other columns' outputs that a column reads, and the gradients that it computes for them. With `precision: bf16` they always
    /// have 16 bits.
    public var activations = Recipe.Precision.fp32
    /// Gradients of weights: those of slices, and every sum of them that a replica may push. Gradients of biases have 32 bits.
    public var gradients = Recipe.Precision.fp32

    public init() {}

    private enum Key: String, CodingKey, CaseIterable { case activations, gradients }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        activations = try container.decodeIfPresent(Recipe.Precision.self, forKey: .activations) ?? activations
        gradients = try container.decodeIfPresent(Recipe.Precision.self, forKey: .gradients) ?? gradients
    }

    /// Returns the number format in which a block's gradient is pushed.
    public func elements(of kind: ParameterTensor.Kind) -> ElementType { kind == .weight ? gradients.elements : .float32 }
}

/// Stochastic gradient descent with momentum and weight decay (§5).
public struct Optimizer: Codable, Sendable, Equatable {
    public var learningRate: Float = 0.01
    public var momentum: Float = 0.9
    public var weightDecay: Float = 0.0005
    /// Whether weight decay applies to biases as well as weights.
    public var decaysBiases = false

    public init() {}

    private enum Key: String, CodingKey, CaseIterable { case learning_rate, momentum, weight_decay, decay_biases }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        learningRate = try container.decodeIfPresent(Float.self, forKey: .learning_rate) ?? learningRate
        momentum = try container.decodeIfPresent(Float.self, forKey: .momentum) ?? momentum
        weightDecay = try container.decodeIfPresent(Float.self, forKey: .weight_decay) ?? weightDecay
        decaysBiases = try container.decodeIfPresent(Bool.self, forKey: .decay_biases) ?? decaysBiases
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(learningRate, forKey: .learning_rate)
        try container.encode(momentum, forKey: .momentum)
        try container.encode(weightDecay, forKey: .weight_decay)
        try container.encode(decaysBiases, forKey: .decay_biases)
    }
}

/// Random changes to training images (§4.1).
public struct Augmentation: Codable, Sendable, Equatable {
    /// Whether crops are at random positions instead of the centre.
    public var crop = true
    /// Whether images are mirrored horizontally with probability ½.
    public var mirror = true
    /// Whether colours are shifted along the principal components of the training set.
    public var color = false

    public init() {}

    private enum Key: String, CodingKey, CaseIterable { case crop, mirror, color }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        crop = try container.decodeIfPresent(Bool.self, forKey: .crop) ?? crop
        mirror = try container.decodeIfPresent(Bool.self, forKey: .mirror) ?? mirror
        color = try container.decodeIfPresent(Bool.self, forKey: .color) ?? color
    }
}

/// The order and scale in which images are read.
public struct DataReading: Codable, Sendable, Equatable {
    /// Whether every epoch has a new random order instead of the order of the packed data set.
    public var shuffle = true
    /// Factor on pixels after the mean is subtracted. The paper uses 1 (§2); 1/64 gives about unit variance.
    public var scale: Float = 1

    public init() {}

    private enum Key: String, CodingKey, CaseIterable { case shuffle, scale }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        shuffle = try container.decodeIfPresent(Bool.self, forKey: .shuffle) ?? shuffle
        scale = try container.decodeIfPresent(Float.self, forKey: .scale) ?? scale
    }
}

/// The intervals between checkpoints and the number that are kept.
public struct CheckpointRule: Codable, Sendable, Equatable {
    /// Interval in steps; nil means once per epoch, 0 only at the end.
    public var every: Int?
    /// Interval of wall clock time, beside that in steps; 0 for none. Nil means 10, and none where `every` is 0.
    public var minutes: Double?
    /// The number of newest checkpoints to keep; 0 keeps all.
    public var keep = 0

    public init() {}

    private enum Key: String, CodingKey, CaseIterable { case every, minutes, keep }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        every = try container.decodeIfPresent(Int.self, forKey: .every)
        minutes = try container.decodeIfPresent(Double.self, forKey: .minutes)
        keep = try container.decodeIfPresent(Int.self, forKey: .keep) ?? keep
        guard keep >= 0 else { throw NetworkError("checkpoint.keep must be at least 0, not \(keep)") }
        if let minutes, !(minutes >= 0 && minutes.isFinite) {
            throw NetworkError("checkpoint.minutes must be at least 0, not \(minutes)")
        }
    }

    /// The longest time between two checkpoints in seconds; nil for none.
    public var seconds: Double? {
        let minutes = minutes ?? (every == 0 ? 0 : 10)
        return minutes > 0 ? 60 * minutes : nil
    }
}

/// An interval in steps; nil means once per epoch, 0 only where it is required.
public struct Interval: Codable, Sendable, Equatable {
    public var every: Int?

    public init(every: Int? = nil) { self.every = every }

    private enum Key: String, CodingKey, CaseIterable { case every }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        every = try decoder.container(keyedBy: Key.self).decodeIfPresent(Int.self, forKey: .every)
    }
}
