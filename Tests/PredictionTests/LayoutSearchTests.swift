import NeuralNetwork
import Partition
import Prediction
import Testing

@Suite struct LayoutSearchTests {
    private let device = DeviceModel(name: "test", flops: 1e12, memoryBandwidth: 1e12, launch: 1e-6, peerBandwidth: 1e10)

    private func configuration(slices: Int) throws -> RunConfiguration {
        var configuration = RunConfiguration(network: try Preset.named("alexnet").network, recipe: Recipe())
        configuration.recipe.slices = slices
        return configuration
    }

    private func cluster(_ hosts: Int, bandwidth: Double) -> Cluster {
        Cluster(hosts: (0..<hosts).map { .init(name: "h\($0)", workers: 2, cores: 2, bandwidth: bandwidth, latency: 1e-5) })
    }

    @Test func findsEveryLegalLayoutAndPutsTheFastestFirst() throws {
        let search = try LayoutSearch(configuration(slices: 2), on: cluster(2, bandwidth: 12.5e9), device)
        let layouts = search.layouts
        #expect(search.skipped == 0)
        let shapes = Set(layouts.map { [$0.plan.layout.workers, $0.plan.layout.replicas] })
        #expect(shapes == [[1, 1], [2, 1], [2, 2], [4, 2]])
        #expect(layouts.contains { $0.workersOfHosts == [2, 0] } && layouts.contains { $0.workersOfHosts == [1, 1] })
        let rates = layouts.map(\.prediction.imagesPerSecond)
        #expect(rates == rates.sorted(by: >))
        #expect(layouts[0].plan.layout.workers == 4)
    }

    @Test func aSlowNetworkKeepsTheRunOnOneHost() throws {
        let layouts = try LayoutSearch(configuration(slices: 2), on: cluster(2, bandwidth: 12.5e6), device).layouts
        #expect(layouts[0].workersOfHosts == [2, 0])
    }

    /// What is left out for its number is counted, so that nobody takes the rest for all.
    @Test func layoutsBeyondTheLimitAreCounted() throws {
        let all = try LayoutSearch(configuration(slices: 2), on: cluster(2, bandwidth: 12.5e9), device)
        let some = try LayoutSearch(configuration(slices: 2), on: cluster(2, bandwidth: 12.5e9), device, limit: 2)
        #expect(some.layouts.count == 2 && some.skipped == all.layouts.count - 2 && some.skipped > 0)
    }

    @Test func workersMustFitOnTheHosts() throws {
        #expect(throws: NetworkError.self) { try cluster(2, bandwidth: 1e9).placement(workers: 5) }
        #expect(try cluster(2, bandwidth: 1e9).placement(workers: 3) == [0, 0, 1])
    }

    @Test func modelledKernelsTakeTheSlowerOfArithmeticAndMemory() throws {
        let program = try ProgramCompiler(network: configuration(slices: 1).network, workers: 2, batch: 128).program(worker: 0)
        let quick = DeviceModel(name: "q", flops: 1e30, memoryBandwidth: 1e30, launch: 0.5, peerBandwidth: 1e10)
        #expect(quick.times(of: program).joined().allSatisfy { $0 == 0.5 })
        let slow = DeviceModel(name: "a", flops: 1e9, memoryBandwidth: 1e30, launch: 0, peerBandwidth: 1e10)
        let arithmetic = slow.times(of: program).joined().reduce(0, +)
        #expect(abs(arithmetic - program.flops / 1e9) < 1e-3 * arithmetic)
        #expect(DeviceModel(name: "bad", flops: .nan, memoryBandwidth: 1e9, launch: 0, peerBandwidth: 1e10).problem != nil)
        for device in DeviceModel.known { #expect(device.problem == nil) }
    }
}
