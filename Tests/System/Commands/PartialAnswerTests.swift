import Foundation
import RunLog
import TestSupport
import Testing

/// Commands answer what they can, name what they cannot, and exit with an error.
@Suite(.serialized) struct PartialAnswerTests {
    private func checkpoint(_ runner: CommandRunner) throws -> String {
        let data = try runner.makeData()
        let trained = try runner.run(
            "train", "--preset", "cifar10", "--data", data, "--steps", "2", "--name", "a", "--set", "batch=16", "checkpoint.every=0")
        #expect(trained.code == 0, "\(trained.errors)")
        return runner.runDirectory("a").checkpointPath(step: 2)
    }

    private func write(_ text: String, _ pixels: Int, to runner: CommandRunner, _ name: String) throws {
        try (Data(text.utf8) + Data(repeating: 99, count: pixels)).write(to: URL(fileURLWithPath: runner.path(name)))
    }

    @Test func predictionsOfReadableImagesAreTold() throws {
        let runner = try CommandRunner()
        let checkpoint = try checkpoint(runner)
        for name in ["good1.ppm", "good2.ppm"] { try write("P6 40 32 255\n", 40 * 32 * 3, to: runner, name) }
        try write("no image", 3, to: runner, "bad.jpg")
        let command = ["predict", "--checkpoint", checkpoint, "good1.ppm", "bad.jpg", "none.png", "good2.ppm"]
        let text = try runner.run(command)
        #expect(text.code == 65 && text.output.contains("good1.ppm") && text.output.contains("good2.ppm"))
        #expect(text.errors.contains("bad.jpg: not an image") && text.errors.contains("none.png: cannot be opened"))
        #expect(text.errors.contains("2 of 4 images could not be classified"), "\(text.errors)")
        struct Entry: Decodable { let image: String }
        let json = try runner.run(command + ["--json"])
        #expect(json.code == 65)
        #expect(try JSONDecoder().decode([Entry].self, from: Data(json.output.utf8)).map(\.image) == ["good1.ppm", "good2.ppm"])
        let alone = try runner.run("predict", "--checkpoint", checkpoint, "bad.jpg")
        #expect(alone.code == 65 && alone.output.isEmpty && alone.errors.contains("bad.jpg: not an image"))
    }

    /// Swift repairs arguments that are not UTF-8.
    @Test func imagesOfAnyNameAreClassified() throws {
        let runner = try CommandRunner()
        let checkpoint = try checkpoint(runner)
        try write("P6 32 32 255\n", 32 * 32 * 3, to: runner, "x.ppm")
        let script = "cp x.ppm $'a\\xe9'; cp x.ppm $'a\\xe8'; \"$0\" predict --checkpoint '\(checkpoint)' $'a\\xe9' $'a\\xe8' x.ppm"
        let result = try runner.run([], under: ["/bin/bash", "-c", script])
        #expect(result.code == 0, "\(result.errors)")
        for name in [#"a\xE9"#, #"a\xE8"#, "x.ppm"] { #expect(result.output.contains(name), "\(result.output)") }
    }

    @Test func theErrorsOfReadableRecordsAreTold() throws {
        let runner = try CommandRunner()
        let checkpoint = try checkpoint(runner)
        _ = try runner.makePhotographs("photographs", side: 64, classes: 3)
        let packed = try runner.run(
            "data", "import", "--format", "imagefolder", "--size", "32", "--packing", "jpeg", "photographs-source", "jpeg")
        #expect(packed.code == 0, "\(packed.errors)")
        let records = URL(fileURLWithPath: runner.path("jpeg/validation.records"))
        var bytes = try Data(contentsOf: records)
        bytes[0] ^= 0xFF
        try bytes.write(to: records)
        let result = try runner.run("evaluate", "--checkpoint", checkpoint, "--data", "jpeg", "--json")
        #expect(result.code == 65 && result.errors.contains("record 0 of validation"), "\(result.errors)")
        #expect(result.errors.contains("1 of 3 images could not be read"))
        struct Errors: Decodable { let images: Int }
        #expect(try JSONDecoder().decode(Errors.self, from: Data(result.output.utf8)).images == 2)
    }
}
