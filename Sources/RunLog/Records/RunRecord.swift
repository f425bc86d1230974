import Foundation

/// The content of run.json: what a run trains, where it runs, and how it ended.
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

    /// The time that a process spent on each activity, in seconds over the whole run.
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

    /// The distribution of the network's columns over the workers, and the resulting traffic.
    public struct Plan: Codable, Sendable, Equatable {
        /// The bytes that one worker sends to another in a training step.
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

        /// The number of the network's columns. With replicas, several workers have the same ones.
        public var columnCount: Int { Set(columns.joined()).count }

        public init(layers: [String], columns: [[Int]], exchange: [Exchange]) {
            (self.layers, self.columns, self.exchange) = (layers, columns, exchange)
        }
    }

    /// A prediction made before the run from earlier kernel measurements, and the measured result.
    public struct Prediction: Codable, Sendable, Equatable {
        public var images_per_second: Double
        /// The measured median over steps.
        public var measured_images_per_second: Double
        /// The relative error of the prediction: 0.1 means that it was 10 % too high.
        public var error: Double
        /// The predicted fraction of the workers' time spent waiting for other workers.
        public var exchange_wait: Double
        /// The predicted fraction of the workers' time spent waiting for the parameter store.
        public var store_wait: Double
        /// The source of the kernels' times.
        public var basis: String

        public init(
            images_per_second: Double, measured_images_per_second: Double, error: Double, exchange_wait: Double, store_wait: Double,
            basis: String
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
    /// Sixteen hexadecimal digits that identify the run on the wire.
    public var run: String
    public var state: State
    /// The reason why the run failed or was interrupted.
    public var reason: String?
    public var started: String
    public var ended: String?
    /// The training step at which the run ends.
    public var steps: Int
    public var dataset: String
    public var dataset_fingerprint: String
    public var images_per_epoch: Int
    public var workers: Int
    /// The number of replicas of the network; absent if there is only one.
    public var replicas: Int?
    /// The checkpoint from which the run took its initial values; nil if they were drawn at random.
    public var initialized_from: String?
    public var processes: [Process]
    /// The address at which the coordinator listens while the run is active.
    public var coordinator: String?
    public var plan: Plan?
    public var versions: Versions?
    /// For a simulated run, whose tensors have no content: the modelled accelerator, and by how much its time is slowed down.
    public var device: String?
    /// The preset that the network is; nil where a file states the network.
    public var preset: String?
    /// Written at the end of the run.
    public var work: [Work]?
    /// Written at the end of a run whose kernels had been measured before it.
    public var prediction: Prediction?
    /// The network and the recipe as they were specified.
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

/// Any JSON value, unchanged.
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
