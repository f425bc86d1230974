public import Tensors

/// How a network is trained: everything but its topology. The defaults are the paper's.
public struct Recipe: Codable, Sendable, Equatable {
    /// What weights in kernels, activations and exchanges are. Sums, gradients of weights, and what the store keeps and
    /// updates have 32 bits either way.
    public enum Precision: String, SettingWord, Sendable {
        case fp32, bf16

        public var elements: ElementType { self == .fp32 ? .float32 : .bfloat16 }
    }

    /// Where initial values come from.
    public enum Initialization: String, SettingWord, Sendable {
        /// Each layer's own statement; the paper's N(0, 0.01²) and biases for `alexnet` (§5).
        case stated
        /// N(0, 2 / inputs of a unit) for weights, zero for biases (He et al. 2015); wants inputs of about unit
        /// variance, see `data.scale`.
        case he
    }

    public var seed: UInt64 = 1
    /// Images of a step, over the whole network.
    public var batch = 128
    /// Equal parts of a step whose gradients are computed one by one and summed in a fixed tree, so that replicas may share
    /// them without changing a bit.
    public var slices = 1
    /// Kernel threads of each worker; part of the run, because it decides the order of sums.
    public var threads = 1
    public static let mostThreads = 1024
    public var precision = Precision.fp32
    public var exchange = Exchange()
    /// 3×3 convolutions by Winograd's F(4×4, 3×3) where it is faster; off computes every product.
    public var winograd = true
    public var initialization = Initialization.stated
    /// Overrides every layer's dropout; 0 turns it off.
    public var dropout: Float?
    public var optimizer = Optimizer()
    public var schedule = Schedule()
    public var augmentation = Augmentation()
    public var data = DataReading()
    public var validation = Interval()
    public var checkpoint = CheckpointRule()

    public init() {}

    private enum Key: String, CodingKey, CaseIterable {
        case seed, batch, slices, threads, precision, exchange, winograd, initialization, dropout, optimizer, schedule, augmentation, data, validation, checkpoint
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

    /// What columns exchange: activations and their gradients, but the logits, which have 32 bits.
    public var exchangedElements: ElementType { precision == .bf16 ? .bfloat16 : exchange.activations.elements }

    /// Images of a slice, and so of a pass over the network.
    public var sliceBatch: Int { batch / slices }

    /// Checks what no type can: ranges.
    public func check() throws {
        guard (1...65536).contains(batch) else { throw NetworkError("batch must be between 1 and 65536, not \(batch)") }
        guard (1...1024).contains(slices), batch % slices == 0 else {
            throw NetworkError("slices must be from 1 to 1024 and divide the batch of \(batch), not \(slices)")
        }
        guard (1...Self.mostThreads).contains(threads) else {
            throw NetworkError("threads must be between 1 and \(Self.mostThreads), not \(threads)")
        }
        if let dropout, !(dropout >= 0 && dropout < 1) {
            throw NetworkError("dropout is a probability from 0 to below 1, not \(dropout)")
        }
        guard optimizer.learningRate > 0, optimizer.learningRate.isFinite else {
            throw NetworkError("optimizer.learning_rate must be above 0, not \(optimizer.learningRate)")
        }
        guard optimizer.momentum >= 0, optimizer.momentum < 1 else {
            throw NetworkError("optimizer.momentum must be from 0 to below 1, not \(optimizer.momentum)")
        }
        guard optimizer.weightDecay >= 0, optimizer.weightDecay.isFinite else {
            throw NetworkError("optimizer.weight_decay must not be negative")
        }
        guard data.scale > 0, data.scale.isFinite else {
            throw NetworkError("data.scale must be above 0, not \(data.scale)")
        }
        try schedule.check(validates: validation.every != 0)
        for (name, every) in [("validation", validation.every), ("checkpoint", checkpoint.every)] {
            if let every, every < 0 { throw NetworkError("\(name).every must not be negative") }
        }
    }
}

/// What is rounded where columns and the store exchange it, in every layout alike: also where both are in one process.
public struct Exchange: Codable, Sendable, Equatable {
    /// What a column reads of another column's outputs, and what it computes of their gradients. With `precision: bf16` they have 16
    /// bits either way.
    public var activations = Recipe.Precision.fp32
    /// Gradients of weights: those of slices, and every sum of them that a replica may hand in. Biases' have 32 bits.
    public var gradients = Recipe.Precision.fp32

    public init() {}

    private enum Key: String, CodingKey, CaseIterable { case activations, gradients }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        activations = try container.decodeIfPresent(Recipe.Precision.self, forKey: .activations) ?? activations
        gradients = try container.decodeIfPresent(Recipe.Precision.self, forKey: .gradients) ?? gradients
    }

    /// Of a block's gradient where it is handed in.
    public func elements(of kind: ParameterTensor.Kind) -> ElementType { kind == .weight ? gradients.elements : .float32 }
}

/// Momentum with weight decay (§5).
public struct Optimizer: Codable, Sendable, Equatable {
    public var learningRate: Float = 0.01
    public var momentum: Float = 0.9
    public var weightDecay: Float = 0.0005
    /// Decays biases as well as weights.
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

/// What is done to training pictures (§4.1).
public struct Augmentation: Codable, Sendable, Equatable {
    /// A random crop; off takes the centre.
    public var crop = true
    public var mirror = true
    /// PCA colour shift.
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

/// In which order and on which scale pictures are read.
public struct DataReading: Codable, Sendable, Equatable {
    /// A new order every epoch; off visits the images as they are packed.
    public var shuffle = true
    /// Multiplies pixels after the mean is subtracted; 1 is the paper's (§2), 1/64 gives about unit variance.
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

/// When checkpoints are written, and how many are kept.
public struct CheckpointRule: Codable, Sendable, Equatable {
    /// In steps: nil once an epoch, 0 only at the end.
    public var every: Int?
    /// The newest so many; 0 keeps all.
    public var keep = 0

    public init() {}

    private enum Key: String, CodingKey, CaseIterable { case every, keep }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        every = try container.decodeIfPresent(Int.self, forKey: .every)
        keep = try container.decodeIfPresent(Int.self, forKey: .keep) ?? keep
        guard keep >= 0 else { throw NetworkError("checkpoint.keep must not be negative") }
    }
}

/// How often something is done, in steps: nil once an epoch, 0 only where it cannot be left out.
public struct Interval: Codable, Sendable, Equatable {
    public var every: Int?

    public init(every: Int? = nil) { self.every = every }

    private enum Key: String, CodingKey, CaseIterable { case every }
    public init(from decoder: any Decoder) throws {
        try decoder.rejectUnknownKeys(Key.self)
        every = try decoder.container(keyedBy: Key.self).decodeIfPresent(Int.self, forKey: .every)
    }
}
