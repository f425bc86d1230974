import Foundation
import TestSupport
import Testing

/// What `data import` prints, and sources that only a whole process meets.
@Suite struct LayoutImportTests {
    /// Writes small images of one shade.
    private func write(_ paths: [String], to runner: CommandRunner) throws {
        for (number, path) in paths.enumerated() {
            let url = URL(fileURLWithPath: runner.path(path))
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try (Data("P6 8 8 255\n".utf8) + Data(repeating: UInt8(truncatingIfNeeded: number &* 29), count: 192)).write(to: url)
        }
    }

    @Test func anImportEndsWithATable() throws {
        let runner = try CommandRunner()
        try write(
            ["a/1", "a/2", "b/1"].map { "source/train/\($0).ppm" } + ["source/val/a/1.ppm", "source/val/odd.ppm", "source/test/a/1.ppm"],
            to: runner)
        try Data("x".utf8).write(to: URL(fileURLWithPath: runner.path("source/train/.DS_Store")))
        let result = try runner.run("data", "import", "--format", "imagefolder", "source", "packed")
        #expect(result.code == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        for line in [
            "recognized a folder for each class in train and val", "1 class has no validation image: b", "training validation",
            "images 3 1", "classes with images 2 1", "left out: without a class 1", "left out: hidden, or of an operating system 1",
            "left out: files and folders beside what is packed 1",
        ] { #expect(lines.contains(line), "\(line) in \(result.output)") }
        #expect(lines.last?.hasPrefix("packed 3 training and 1 validation images into packed") == true)
        let described = try runner.run("data", "describe", "packed").output
        #expect(described.split(separator: "\n").contains { $0.split(separator: " ") == ["1", "b", "1", "0"] }, "\(described)")
    }

    /// Swift repairs arguments that are not UTF-8.
    @Test func aSourceWhoseNameIsNotUTF8IsRead() throws {
        let runner = try CommandRunner()
        try write(["x/train/a/1.ppm", "x/val/a/1.ppm"], to: runner)
        let script = "mv x $'caf\\xe9' && \"$0\" data import --format imagefolder $'caf\\xe9' packed"
        let result = try runner.run([], under: ["/bin/bash", "-c", script])
        #expect(result.code == 0, "\(result.errors)")
        #expect(try runner.run("data", "describe", "packed").output.contains("caf\\xE9"))
        let wrong = "\"$0\" data import --format imagefolder $'caf\\xe9' $'to\\xff'"
        let other = try runner.run([], under: ["/bin/bash", "-c", wrong])
        #expect(other.code == 64 && other.errors.contains("to\\xFF"), "\(other.errors)")
    }

    @Test func parquetFilesAreConvertedAndPacked() throws {
        let runner = try CommandRunner()
        try PythonCheck.run(
            "check_parquet", [CommandRunner.executable, Repository.path("deploy/convert-parquet.py"), runner.path("parquet")])
    }

    @Test func aShareOutOfRangeIsAUsageError() throws {
        let runner = try CommandRunner()
        for share in ["0", "1", "-0.5", "nan"] {
            let result = try runner.run("data", "import", "--format", "imagefolder", "--validation-share=\(share)", "none", "packed")
            #expect(result.code == 64, "\(share): \(result.errors)")
        }
    }
}
