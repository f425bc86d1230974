import Commands
import Foundation
import Settings
import Testing

@Suite struct RunRequestTests {
    /// A coordinator that is started by another process gets what was asked for, whole.
    @Test func aRequestSurvivesItsWayToTheCoordinator() throws {
        let options = [
            "--preset", "cifar10", "--set", "batch=16", "seed=2", "--data=/d", "--steps", "3", "--elastic", "--restarts", "7",
            "--bandwidth", "1Gbit/s",
            "--stopped-exit-code", "75", "--max-strangers", "9", "--store", "process",
        ]
        let request = try RunRequest.parse(options)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let sent = try encoder.encode(request)
        #expect(try encoder.encode(JSONDecoder().decode(RunRequest.self, from: sent)) == sent)
        let text = String(decoding: sent, as: UTF8.self)
        for part in [
            "\"batch=16\",\"seed=2\"", "\"elastic\":true", "\"restarts\":7", "\"bandwidth\":125000000", "\"stoppedExitCode\":75",
            "\"maxStrangers\":9", "\"store\":\"process\"",
        ] {
            #expect(text.contains(part), "\(text)")
        }
        // Taken up again, it names the run in place of what the run's record has.
        let again = String(decoding: try encoder.encode(request.resuming("/r", because: "it was killed")), as: UTF8.self)
        #expect(again.contains("\"resume\":\"\\/r\"") && !again.contains("batch=16") && again.contains("\"restarts\":7"))
    }
}
