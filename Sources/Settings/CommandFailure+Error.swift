import Datasets
import Foundation
import Kernels
import NeuralNetwork
package import Platform
import RunLog
import Security
import Tensors

extension CommandFailure {
    /// Assigns an error its exit code; nil for errors of the argument parser, which formats its own.
    package init?(_ error: any Error) {
        switch error {
        case let error as CommandFailure: self = error
        case let error as NetworkError: self.init(Self.configuration, error.description)
        case let error as DatasetError: self.init(Self.data, error.description)
        case let error as SafetensorsError: self.init(Self.data, error.description)
        case let error as RunLogError: self.init(Self.noInput, error.description)
        case let error as WireError where error.code == .address: self.init(Self.usage, error.description)
        case let error as WireError where error.code == .file: self.init(Self.configuration, error.description)
        case let error as WireError where error.code == .timeout: self.init(Self.noAnswer, error.description)
        case let error as WireError where error.code == .notAdmitted: self.init(Self.noPermission, error.description)
        case let error as WireError: self.init(Self.unavailable, error.description)
        case let error as MemoryError: self.init(Self.system, error.description)
        case let error as FileError: self.init(Self.inputOutput, error.description)
        case let error as KernelError: self.init(Self.software, error.description)
        case let error as DecodingError: self.init(Self.configuration, Self.sentence(error))
        default:
            // Foundation's file errors, for example.
            let module = String(reflecting: type(of: error))
            guard !module.hasPrefix("ArgumentParser.") else { return nil }
            self.init(Self.inputOutput, "\(error.localizedDescription)")
        }
    }

    private static func sentence(_ error: DecodingError) -> String {
        func name(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case .typeMismatch(_, let context): return "the setting \(name(context.codingPath)) has a value of the wrong type"
        case .valueNotFound(_, let context): return "the setting \(name(context.codingPath)) has no value"
        case .keyNotFound(let key, let context): return "the setting \(name(context.codingPath + [key])) is missing"
        case .dataCorrupted(let context):
            return "the setting \(name(context.codingPath)) cannot be read: \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}
