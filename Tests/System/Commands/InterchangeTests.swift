import Foundation
import NeuralNetwork
import RunLog
import Tensors
import TestSupport
import Testing

/// Exports to other programs, imports from them, and reports.
@Suite(.serialized) struct InterchangeTests {
    private func check(_ arguments: [String]) throws -> Bool { try PythonCheck.run("check_interchange", arguments) }

    private func train(_ runner: CommandRunner, preset: String, _ extra: [String] = []) throws -> (data: String, checkpoint: String) {
        let data = try runner.makeData()
        let result = try runner.run(
            [
                "train", "--preset", preset, "--columns", "2", "--data", data, "--steps", "4", "--name", preset, "--set",
                "batch=16", "optimizer.learning_rate=0.001", "checkpoint.every=0",
            ] + extra)
        #expect(result.code == 0, "\(result.errors)")
        return (data, runner.runDirectory(preset).checkpointPath(step: 4))
    }

    @Test(arguments: ["cifar10", "cifar10-four-layer"]) func onnxRuntimePredictsTheSame(preset: String) throws {
        let runner = try CommandRunner()
        let (data, checkpoint) = try train(runner, preset: preset, ["initialization=he", "data.scale=0.0156"])
        _ = try check(["onnx", CommandRunner.executable, checkpoint, data])
        let result = try runner.run("export", "--checkpoint", checkpoint, "--format", "onnx", "model.onnx")
        #expect(result.code == 0)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: runner.path("model.onnx")))
        for word in ["LRN", "Softmax", "MaxPool", "probabilities", preset == "cifar10" ? "Split" : "Einsum"] {
            #expect(bytes.range(of: Data(word.utf8)) != nil, "\(word)")
        }
    }

    @Test(arguments: ["torchvision", "caffe"]) func convertedNetworksPredictTheSame(style: String) throws {
        let runner = try CommandRunner()
        _ = try check([style, CommandRunner.executable, runner.directory])
    }

    @Test func aNetworkSurvivesExportAndImportAsSafetensors() throws {
        let runner = try CommandRunner()
        let (data, path) = try train(runner, preset: "cifar10")
        #expect(try runner.run("export", "--checkpoint", path, "--format", "safetensors", "a.safetensors").code == 0)
        #expect(try runner.run("import", "a.safetensors", "back").code == 0)
        let (old, new) = (try Checkpoint(path: path), try Checkpoint(path: runner.path("back")))
        #expect(new.state.classes == old.state.classes && new.mean == old.mean && new.state.step == 0)
        #expect(new.state.configuration == old.state.configuration)
        for tensor in try old.state.configuration.network.parameterTensors() {
            #expect(try new.model.array(tensor.name) == old.model.array(tensor.name))
        }
        let evaluations = try [path, "back"].map { try runner.run("evaluate", "--checkpoint", $0, "--data", data).output }
        #expect(evaluations[0] == evaluations[1])
        for (arguments, code, word) in [
            (["import", "a.safetensors", "back"], 64, "exists already"),
            (["import", "--preset", "fashion", "a.safetensors", "other"], 65, "conv1.weight"),
            (["import", "data/dataset.json", "other"], 65, "damaged"),
            (["export", "--checkpoint", "none", "--format", "onnx", "x"], 78, "none"),
        ] as [([String], Int32, String)] {
            let result = try runner.run(arguments)
            #expect(result.code == code && result.errors.contains(word), "\(arguments): \(result.code) \(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: runner.path("other")))
    }

    @Test func aReportContainsAllThatItShows() throws {
        let runner = try CommandRunner()
        let (data, _) = try train(runner, preset: "cifar10", ["validation.every=2"])
        let result = try runner.run("runs", "report", "cifar10", "--pictures", "4", "--neighbors", "2", "--json")
        #expect(result.code == 0, "\(result.errors)")
        let said = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let kernels = try #require(said["kernels"] as? [[String: Any]])
        #expect(kernels.compactMap { $0["kernels"] as? Int } == [32, 32] && kernels.allSatisfy { $0["color_selectivity"] is Double })
        let guesses = try #require(said["guesses"] as? [[String: Any]])
        #expect(guesses.compactMap { ($0["guesses"] as? [[String: Any]])?.count } == [5, 5, 5, 5])
        for judged in guesses {
            let probabilities = (judged["guesses"] as? [[String: Any]])?.compactMap { $0["probability"] as? Double } ?? []
            #expect(probabilities == probabilities.sorted(by: >) && probabilities.reduce(0, +) <= 1.0001)
        }
        let neighbors = try #require(said["neighbors"] as? [[String: Any]])
        #expect(neighbors.compactMap { ($0["nearest"] as? [[String: Any]])?.count } == [6, 6])
        let page = try String(contentsOfFile: runner.path("runs/cifar10/report.html"), encoding: .utf8)
        for heading in ["Figures", "Curves", "First layer", "Guesses", "Neighbours"] {
            #expect(page.contains("<h2>\(heading)</h2>"))
        }
        // Two columns of kernels, four images, and two images with six neighbours each.
        let images = page.components(separatedBy: "<img ").dropFirst()
        #expect(images.count == 2 + 4 + 2 * 7)
        #expect(images.allSatisfy { $0.contains("src=\"data:image/") })
        let links = page.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
        #expect(!links.contains("http") && !page.contains("<script"))
        #expect(page.components(separatedBy: "colour-selectivity").count == 3)
        try FileManager.default.removeItem(atPath: data)
        let without = try runner.run("runs", "report", "cifar10", "--out", "b.html")
        #expect(without.code == 0, "\(without.errors)")
        #expect(try String(contentsOfFile: runner.path("b.html"), encoding: .utf8).contains("Images are left out"))
    }
}
