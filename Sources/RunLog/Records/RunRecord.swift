import Foundation

/// run.json: what a run is, where it runs, and how it ended.
public struct RunRecord: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable { case running, finished, interrupted, failed }

    public struct Process: Codable, Sendable, Equatable {
        public var role: String
        public var rank: Int
        public var host: String
        public var address: String
        public var process: Int

        public init(role: String, rank: Int, host: String, address: String, process: Int) {
            (self.role, self.rank, self.host, self.address, self.process) = (role, rank, host, address, process)
        }
    }

    /// What a process spent its time on, in seconds over the whole run.
    public struct Work: Codable, Sendable, Equatable {
        public var role: String
        public var rank: Int
        public var seconds: Double
        public var exchange_wait: Double
        public var store_wait: Double
        public var data_wait: Double
        public var peak_bytes: Int

        public init(
            role: String, rank: Int, seconds: Double = 0, exchangeWait: Double = 0, storeWait: Double = 0,
            dataWait: Double = 0, peakBytes: Int = 0
        ) {
            (self.role, self.rank, self.seconds, exchange_wait) = (role, rank, seconds, exchangeWait)
            (store_wait, data_wait, peak_bytes) = (storeWait, dataWait, peakBytes)
        }
    }

    /// How the network's columns are shared out, and what that sends.
    public struct Plan: Codable, Sendable, Equatable {
        /// Bytes that go from one worker to another in a training step.
        public struct Exchange: Codable, Sendable, Equatable {
            public struct Slab: Codable, Sendable, Equatable {
                public var layer: String
                /// `forward`: activations, `backward`: their gradients.
                public var direction: String
                public var bytes: Int

                public init(layer: String, direction: String, bytes: Int) {
                    (self.layer, self.direction, self.bytes) = (layer, direction, bytes)
                }
            }

            public var from: Int
            public var to: Int
            public var bytes: Int
            public var slabs: [Slab]

            public init(from: Int, to: Int, slabs: [Slab]) {
                (self.from, self.to, self.slabs) = (from, to, slabs)
                bytes = slabs.reduce(0) { $0 + $1.bytes }
            }
        }

        public var layers: [String]
        /// The columns of each worker.
        public var columns: [[Int]]
        public var exchange: [Exchange]

        public init(layers: [String], columns: [[Int]], exchange: [Exchange]) {
            (self.layers, self.columns, self.exchange) = (layers, columns, exchange)
        }
    }

    /// What was predicted of the run before it, from kernels that were measured earlier, beside what it did.
    public struct Prediction: Codable, Sendable, Equatable {
        public var images_per_second: Double
        /// The median over steps.
        public var measured_images_per_second: Double
        /// Of the prediction: 0.1 is a tenth too much.
        public var error: Double
        /// Predicted shares of the workers' time.
        public var exchange_wait: Double
        public var store_wait: Double
        /// Where the kernels' times come from.
        public var basis: String

        public init(
            images_per_second: Double, measured_images_per_second: Double, error: Double, exchange_wait: Double, store_wait: Double, basis: String
        ) {
            (self.images_per_second, self.measured_images_per_second, self.error) = (images_per_second, measured_images_per_second, error)
            (self.exchange_wait, self.store_wait, self.basis) = (exchange_wait, store_wait, basis)
        }
    }

    public struct Versions: Codable, Sendable, Equatable {
        public var colonnade: String
        public var kernel_library: String
        public var instruction_set: String
        public var cpu: String

        public init(colonnade: String, kernelLibrary: String, instructionSet: String, cpu: String) {
            (self.colonnade, kernel_library) = (colonnade, kernelLibrary)
            (instruction_set, self.cpu) = (instructionSet, cpu)
        }
    }

    public var name: String
    /// Sixteen hexadecimal digits that tell this run from all others on the wire.
    public var run: String
    public var state: State
    /// Why it failed or was interrupted.
    public var reason: String?
    public var started: String
    public var ended: String?
    /// The training step that the run is to reach.
    public var steps: Int
    public var dataset: String
    public var dataset_fingerprint: String
    public var images_per_epoch: Int
    public var workers: Int
    /// Copies of the network that the workers are shared out over; absent where there is one.
    public var replicas: Int?
    /// The checkpoint whose values the run started from, where they were not drawn.
    public var initialized_from: String?
    public var processes: [Process]
    /// Where the coordinator listens, while the run goes on.
    public var coordinator: String?
    public var plan: Plan?
    public var versions: Versions?
    /// Of a simulated run, whose tensors have no content: the accelerator that is modelled, and how much slower its time runs.
    public var device: String?
    /// Written at the end.
    public var work: [Work]?
    /// Written at the end of a run whose kernels were known before it.
    public var prediction: Prediction?
    /// Network and recipe, as given.
    public var configuration: JSONValue

    public init(
        name: String, run: String, started: String, steps: Int, dataset: String, datasetFingerprint: String,
        imagesPerEpoch: Int, workers: Int, initializedFrom: String? = nil, configuration: JSONValue
    ) {
        (self.name, self.run, state, self.started, self.steps) = (name, run, .running, started, steps)
        (self.dataset, dataset_fingerprint, images_per_epoch) = (dataset, datasetFingerprint, imagesPerEpoch)
        (self.workers, initialized_from, processes) = (workers, initializedFrom, [])
        self.configuration = configuration
    }
}

/// Any JSON, kept as it is.
public enum JSONValue: Codable, Sendable, Equatable {
    case null, bool(Bool), integer(Int64), number(Double), string(String), array([JSONValue]), object([String: JSONValue])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
