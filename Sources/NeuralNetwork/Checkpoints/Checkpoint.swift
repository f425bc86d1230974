import Foundation
import Glibc
import Platform
public import Tensors

/// A checkpoint on disk: a directory with model.safetensors, momentum.safetensors, mean.safetensors and state.json.
public struct Checkpoint: Sendable {
    /// The content of state.json.
    public struct State: Codable, Sendable, Equatable {
        public var step: Int
        public var configuration: RunConfiguration
        public var dataset_fingerprint: String
        /// Class names, in the order of the network's outputs.
        public var classes: [String]
        /// Channels, height and width of the data set's images; the network reads a crop of them.
        public var stored: [Int]
        /// The version of colonnade that wrote the checkpoint.
        public var colonnade: String
        /// The fencing number of the coordinator that wrote the checkpoint. Of a run's checkpoints those with the highest number count. Nil in
        /// checkpoints of releases that had none.
        public var fencing: Int?
        /// XXH3 digests of the other files, by file name.
        public var files: [String: String]

        public init(
            step: Int, configuration: RunConfiguration, datasetFingerprint: String, classes: [String], stored: [Int],
            version: String
        ) {
            (self.step, self.configuration, dataset_fingerprint) = (step, configuration, datasetFingerprint)
            (self.classes, self.stored, colonnade, files) = (classes, stored, version, [:])
        }
    }

    public static let modelName = "model.safetensors"
    public static let momentumName = "momentum.safetensors"
    /// The mean image of the training set, which prediction subtracts as training did.
    public static let meanName = "mean.safetensors"

    public let path: String
    public let state: State
    public let model: SafetensorsFile
    public let momentum: SafetensorsFile
    /// Largest state.json accepted, in bytes; thousands of class names need some hundred kilobytes.
    private static let stateLimit = 16 << 20
    /// Largest step accepted; counting on from it stays far from overflow.
    private static let stepLimit = 1 << 40

    /// The mean image, C×H×W, with the extents `state.stored`.
    public let mean: [Float]

    /// Opens a checkpoint and verifies the checksum of every file.
    /// - Throws: `NetworkError`, `SafetensorsError` or `FileError` if it is incomplete or damaged.
    public init(path name: String) throws {
        let path = AtomicDirectory.current(name)
        self.path = path
        let bytes: [UInt8]
        do { bytes = try SmallFile.read(path + "/state.json", limit: Self.stateLimit) } catch let error as FileError {
            guard error.code == ENOENT else { throw error }
            throw NetworkError("\(path) is not a checkpoint: it has no state.json; give the directory of a checkpoint")
        }
        do { state = try JSONDecoder().decode(State.self, from: Data(bytes)) } catch {
            throw NetworkError("\(path)/state.json is damaged; use another checkpoint")
        }
        try state.configuration.check()
        guard (0...Self.stepLimit).contains(state.step) else {
            throw NetworkError("\(path)/state.json has an impossible step, \(state.step); use another checkpoint")
        }
        model = try SafetensorsFile(path: path + "/" + Self.modelName)
        momentum = try SafetensorsFile(path: path + "/" + Self.momentumName)
        let meanFile = try SafetensorsFile(path: path + "/" + Self.meanName)
        for (name, file) in [(Self.modelName, model), (Self.momentumName, momentum), (Self.meanName, meanFile)] {
            guard state.files[name] == Digest.text(file.digest) else {
                throw NetworkError("\(path)/\(name) is damaged: its checksum is not the one in state.json; use another checkpoint")
            }
        }
        guard state.stored.count == 3, meanFile.shape("mean")?.extents == state.stored,
            state.classes.count <= state.configuration.network.classes
        else { throw NetworkError("\(path)/state.json does not match the checkpoint's tensors; use another checkpoint") }
        mean = try meanFile.array("mean")
        for file in [model, momentum] {
            for tensor in try state.configuration.network.parameterTensors() {
                _ = try file.floats(tensor.name, shape: tensor.shape)
            }
        }
    }

    /// Writes a checkpoint that is complete and on disk when the call returns, or absent. One of this name stays until then: a step that was
    /// trained again has the same content.
    /// - Parameters:
    ///   - mean: the mean image, C×H×W, with the extents `state.stored`.
    ///   - confirm: is called before the checkpoint is put in place, and throws if that may not be done any more.
    public static func write(
        to path: String, state: State, model: [SafetensorsTensor], momentum: [SafetensorsTensor], mean: [Float],
        confirm: () throws -> Void = {}
    ) throws {
        let parent = (path as NSString).deletingLastPathComponent
        if !parent.isEmpty { try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true) }
        try AtomicDirectory.write(to: path) { temporary in
            var state = state
            func write(_ tensors: [SafetensorsTensor], _ name: String) throws {
                try SafetensorsWriter.write(tensors, to: temporary + "/" + name)
                state.files[name] = Digest.text(try SafetensorsFile(path: temporary + "/" + name).digest)
            }
            try write(model, modelName)
            try write(momentum, momentumName)
            try mean.withUnsafeBytes {
                try write([SafetensorsTensor(name: "mean", shape: Shape(state.stored), bytes: $0)], meanName)
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try DurableFile.write([UInt8](try encoder.encode(state)), to: temporary + "/state.json")
            try confirm()
        }
    }
}
