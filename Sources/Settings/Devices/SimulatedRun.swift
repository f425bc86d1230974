import Datasets
import Foundation
import NeuralNetwork
import Platform
package import Prediction
import RunLog

/// The additional needs of a run on modelled accelerators: a device parsed from its option, and a placeholder for the data set.
package enum SimulatedRun {
    /// Parses `simulated:NAME` or `simulated:FILE`, with an optional `,dilation=FACTOR`.
    package static func device(_ argument: String) throws -> SimulatedDevice {
        var words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let kind = words.removeFirst()
        guard kind.hasPrefix("simulated:") else {
            throw CommandFailure(
                CommandFailure.usage,
                "\"\(argument)\" is not a device; write simulated:NAME or simulated:FILE, with ,dilation=FACTOR to slow time down")
        }
        var dilation = 1.0
        for word in words {
            guard word.hasPrefix("dilation="), let value = Double(word.dropFirst("dilation=".count)) else {
                throw CommandFailure(CommandFailure.usage, "unknown setting of a device \"\(word)\"; write dilation=500, for example")
            }
            dilation = value
        }
        let model = try DeviceModel(argument: String(kind.dropFirst("simulated:".count)))
        let device = SimulatedDevice(model: model, dilation: dilation)
        if let problem = device.problem { throw CommandFailure(CommandFailure.usage, problem) }
        return device
    }

    /// Turns off validation, checkpoints and a schedule that depends on validation: a simulated run has nothing to evaluate or to resume.
    static func turnOffEvaluation(in recipe: inout Recipe) {
        (recipe.validation.every, recipe.checkpoint.every, recipe.checkpoint.minutes) = (0, 0, 0)
        recipe.schedule.kind = .drops
    }

    /// Creates a data set of one image, for a run that was given none.
    static func placeholderData(for network: NetworkSpecification) throws -> Dataset {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-made-\(UUID())").path
        // The data set keeps its files open.
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SyntheticImages.pack(
            into: path, channels: network.input.channels, height: network.input.height, width: network.input.width,
            classes: network.classes, train: 1, validation: 1)
        return try Dataset(path: path)
    }
}

extension SimulatedDevice {
    package var words: String { "\(model.name) would, \(FigureText.fixed(dilation, 0)) times as long" }
}
