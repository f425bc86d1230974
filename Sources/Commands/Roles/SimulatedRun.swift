import Datasets
import Foundation
import NeuralNetwork
import Prediction

/// What a run on modelled accelerators wants beside what a run wants: the device from its option, and pictures that nobody looks at.
enum SimulatedRun {
    /// `simulated:NAME` or `simulated:FILE`, and `,dilation=FACTOR`.
    static func device(_ argument: String) throws -> SimulatedDevice {
        var words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let kind = words.removeFirst()
        guard kind.hasPrefix("simulated:") else {
            throw CommandFailure(CommandFailure.usage, "write the device as simulated:NAME or simulated:FILE, with ,dilation=FACTOR where time is to run slower")
        }
        var dilation = 1.0
        for word in words {
            guard word.hasPrefix("dilation="), let value = Double(word.dropFirst("dilation=".count)) else {
                throw CommandFailure(CommandFailure.usage, "a device has no \"\(word)\"; write dilation=500, for example")
            }
            dilation = value
        }
        let device = SimulatedDevice(model: try DeviceModel(argument: String(kind.dropFirst("simulated:".count))), dilation: dilation)
        if let problem = device.problem { throw CommandFailure(CommandFailure.usage, problem) }
        return device
    }

    /// Leaves out what a simulated run has no use for: there is nothing to evaluate, and nothing to go on from.
    static func settle(_ recipe: inout Recipe) {
        (recipe.validation.every, recipe.checkpoint.every) = (0, 0)
        recipe.schedule.kind = .drops
    }

    /// A data set of one picture, for a run that was given none.
    static func pictures(for network: NetworkSpecification) throws -> Dataset {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("colonnade-made-\(UUID())").path
        // What is open stays.
        defer { try? FileManager.default.removeItem(atPath: place) }
        try MadePictures.pack(
            into: place, channels: network.input.channels, height: network.input.height, width: network.input.width,
            classes: network.classes, train: 1, validation: 1)
        return try Dataset(path: place)
    }
}

extension SimulatedDevice {
    var words: String { "\(model.name) would, \(Terminal.fixed(dilation, 0)) times as long" }
}
