import Datasets
import Foundation
import Kernels
import NeuralNetwork
import Platform
import RunLog
import Security
import Tensors

/// An error that ends a command: a sysexits code, and one sentence that tells the user what to do.
struct CommandFailure: Error, CustomStringConvertible {
    let code: Int32
    let description: String

    static let usage: Int32 = 64
    static let data: Int32 = 65
    static let noInput: Int32 = 66
    static let unavailable: Int32 = 69
    static let software: Int32 = 70
    /// The operating system refused a resource, such as memory or a pipe (EX_OSERR).
    static let system: Int32 = 71
    static let cannotCreate: Int32 = 73
    static let inputOutput: Int32 = 74
    static let temporary: Int32 = 75
    /// The peer stopped answering without announcing its end (EX_PROTOCOL).
    static let noAnswer: Int32 = 76
    static let noPermission: Int32 = 77
    static let configuration: Int32 = 78
    /// The run that this process belonged to failed, and would fail the same way again. Not one of the sysexits codes.
    static let runFailed: Int32 = 79

    /// Returns whether the same command would fail the same way again and must not be restarted (docs/launching.md).
    static func isFinal(_ code: Int32) -> Bool {
        [usage, data, noInput, software, cannotCreate, inputOutput, noPermission, configuration, runFailed].contains(code)
    }

    init(_ code: Int32, _ description: String) { (self.code, self.description) = (code, description) }

    /// Assigns an error its exit code; nil for errors of the argument parser, which formats its own.
    init?(_ error: any Error) {
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
