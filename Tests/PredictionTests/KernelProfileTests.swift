import Foundation
import NeuralNetwork
import Partition
import Prediction
import Testing

@Suite struct KernelProfileTests {
    private func programs(columns: Int, workers: Int) throws -> [WorkerProgram] {
        var network = try Preset.named("alexnet").network
        network.columns = columns
        return try ProgramCompiler(network: network, workers: workers, batch: 8).programs()
    }

    private func profile(_ programs: [WorkerProgram]) -> KernelProfile {
        var observation = KernelProfile.Observation()
        for case .compute(let computation) in programs.flatMap(\.instructions) {
            observation.times.append((computation, 1e-6 + computation.flops * 1e-12))
        }
        return KernelProfile(basis: "test", observation)
    }

    @Test func timesOfOneLayoutApplyToAnother() throws {
        let profile = profile(try programs(columns: 2, workers: 2))
        let whole = try programs(columns: 2, workers: 1)[0]
        let times = try profile.times(of: whole)
        for (instruction, times) in zip(whole.instructions, times) {
            guard case .compute(let computation) = instruction else {
                #expect(times.isEmpty)
                continue
            }
            if computation.kind == .loss, computation.column > 0 {
                #expect(times.isEmpty)
            } else {
                #expect(!times.isEmpty && times.allSatisfy { $0 > 0.9e-6 })
            }
        }
    }

    @Test func timesOfAnotherNetworkAreRejected() throws {
        let profile = profile(try ProgramCompiler(network: try Preset.named("cifar10").network, workers: 2, batch: 8).programs())
        #expect(throws: NetworkError.self) { try profile.times(of: programs(columns: 2, workers: 2)[0]) }
    }

    @Test func survivesEncodingAsJSON() throws {
        let profile = profile(try programs(columns: 2, workers: 2))
        #expect(try JSONDecoder().decode(KernelProfile.self, from: JSONEncoder().encode(profile)) == profile)
    }

    @Test func theNumberOfTimesIsBounded() throws {
        let program = try programs(columns: 2, workers: 2)[0]
        var observation = KernelProfile.Observation()
        for step in 1...1000 {
            for case .compute(let computation) in program.instructions { observation.times.append((computation, Double(step))) }
        }
        #expect(KernelProfile(basis: "", observation).entries.allSatisfy { $0.seconds.count <= 64 })
    }
}
