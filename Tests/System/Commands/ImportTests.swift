import Foundation
import Glibc
import TestSupport
import Testing

/// Imports of data sets that are interrupted or large.
@Suite(.serialized) struct ImportTests {
    @Test func aKilledImportContinues() throws {
        let runner = try CommandRunner()
        // The images are packed once without interruptions, and then again.
        let whole = try runner.makePhotographs("whole", side: 256, classes: 60)
        let command = [
            "data", "import", "--format", "imagefolder", "--journal-every", "8", runner.path("whole-source"),
            runner.path("again"),
        ]
        var killed = 0
        for _ in 0..<3 {
            let before = try? Data(contentsOf: URL(fileURLWithPath: runner.path("again.partial/journal.json")))
            let process = try runner.start(command)
            try process.wait(for: "another journal", every: 500) {
                let now = try? Data(contentsOf: URL(fileURLWithPath: runner.path("again.partial/journal.json")))
                return now != nil && now != before
            }
            process.send(SIGKILL)
            try process.waitUntilExit()
            if process.isEndedBySignal { killed += 1 }
        }
        #expect(killed == 3)
        let other = try runner.run(
            "data", "import", "--format", "imagefolder", "--size", "64", runner.path("whole-source"), runner.path("again"))
        #expect(other.code == 65 && other.errors.contains("unfinished import"), "\(other.errors)")
        let last = try runner.run(command)
        #expect(last.code == 0, "\(last.errors)")
        for name in ["train.records", "train.index", "validation.records", "mean.f32", "dataset.json"] {
            let same = FileManager.default.contentsEqual(
                atPath: whole + "/" + name, andPath: runner.path("again") + "/" + name)
            #expect(same || name == "dataset.json", "\(name)")
        }
        #expect(try runner.run("data", "verify", "again").output.contains("240 records"))
        #expect(!FileManager.default.fileExists(atPath: runner.path("again.partial")))
    }

    @Test func theMemoryOfAnImportDoesNotGrowWithItsImages() throws {
        let runner = try CommandRunner()
        // 600 images with 118 MB of pixels are packed twice. The memory of the second import is recorded.
        _ = try runner.makePhotographs("many", side: 256, classes: 150)
        let script =
            "\"$0\" \"$@\" >/dev/null & "
            + "while kill -0 $! 2>/dev/null; do grep VmHWM /proc/$!/status 2>/dev/null || true; sleep 0.01; done; wait $!"
        let watched = try runner.run(
            ["data", "import", "--format", "imagefolder", runner.path("many-source"), runner.path("again")],
            under: ["/bin/bash", "-c", script])
        #expect(watched.code == 0, "\(watched.errors)")
        let kilobytes = watched.output.split(separator: "\n").compactMap { Int($0.filter(\.isNumber)) }
        let peak = try #require(kilobytes.max())
        // A sanitizer takes several times the memory of the program.
        #expect(peak > 5_000 && (peak < 80_000 || !Sanitizer.isAbsent), "\(peak) kB")
        #expect(try runner.run("data", "verify", "again").output.contains("600 records"))
    }
}
