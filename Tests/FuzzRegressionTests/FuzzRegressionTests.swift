import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Replays the fuzzers' inputs without a fuzzer: the seeds, and whatever was once a finding.
@Suite struct FuzzRegressionTests {
    private func inputs(_ folder: String, _ target: String) -> [URL] {
        let place = URL(fileURLWithPath: Repository.path("Tests/Fuzzing/\(folder)/\(target)"))
        let files = try? FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
        return (files ?? []).sorted { $0.path < $1.path }
    }

    @Test(arguments: FuzzTarget.all.map(\.name)) func everyInputIsTakenOrRefused(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let seeds = inputs("Corpus", name)
        #expect(!seeds.isEmpty)
        var taken = 0
        for file in seeds { if try Data(contentsOf: file).withUnsafeBytes({ target($0) }) { taken += 1 } }
        // Seeds that nothing takes would only test the first check.
        #expect(taken > 0)
        for file in inputs("Regressions", name) { _ = try Data(contentsOf: file).withUnsafeBytes { target($0) } }
        for length in [0, 1, 7, 64] { _ = [UInt8](repeating: 0, count: length).withUnsafeBytes { target($0) } }
    }
}
