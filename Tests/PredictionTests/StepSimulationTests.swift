import NeuralNetwork
import Partition
import Prediction
import Tensors
import Testing

/// Kernel times of a millisecond per 10⁹ operations plus 10 µs.
private struct PlainTimes: KernelTimes {
    var basis = "plain"
    var usesCores = true
    var overhead = 0.0
    var updateSeconds = 0.0
    var columnBytes = 1000

    func times(of program: WorkerProgram) -> [[Double]] {
        program.instructions.map { if case .compute(let computation) = $0 { [10e-6 + computation.flops * 1e-12] } else { [] } }
    }
}

@Suite struct StepSimulationTests {
    private let free = Cluster.Loopback(bandwidth: 1e15, latency: 0)

    private func configuration(columns: Int = 2, slices: Int = 1) throws -> RunConfiguration {
        var configuration = RunConfiguration(network: try Preset.named("cifar10").network, recipe: Recipe())
        configuration.network.columns = columns
        configuration.recipe.slices = slices
        return configuration
    }

    private func cluster(_ hosts: Int, workers: Int = 1, bandwidth: Double = 1e15, latency: Double = 0) -> Cluster {
        Cluster(
            hosts: (0..<hosts).map { .init(name: "h\($0)", workers: workers, cores: 64, bandwidth: bandwidth, latency: latency) },
            loopback: free, messages: .init(byteSeconds: 0, seconds: 0))
    }

    private func predict(
        _ configuration: RunConfiguration, workers: Int, replicas: Int = 1, _ cluster: Cluster, _ times: PlainTimes = PlainTimes()
    ) throws -> StepPrediction {
        let layout = try ColumnLayout(columns: configuration.network.columns, workers: workers, replicas: replicas)
        return try StepSimulation.predict(PlannedRun(configuration, layout: layout, cluster: cluster), times)
    }

    private func kernelSeconds(_ configuration: RunConfiguration, workers: Int, worker: Int = 0) throws -> Double {
        let program = try ProgramCompiler(network: configuration.network, workers: workers, batch: configuration.recipe.sliceBatch)
            .program(worker: worker)
        return PlainTimes().times(of: program).joined().reduce(0, +)
    }

    @Test func oneWorkersStepIsItsKernels() throws {
        let configuration = try configuration()
        let prediction = try predict(configuration, workers: 1, cluster(1))
        #expect(abs(prediction.seconds / (try kernelSeconds(configuration, workers: 1)) - 1) < 1e-6)
        #expect(abs(prediction.imagesPerSecond * prediction.seconds - 128) < 1e-6)
        #expect(prediction.exchangeWait == 0 && prediction.storeWait == 0)
        #expect(prediction.workers[0].bytes == 2000)
    }

    @Test func overheadIsAddedOncePerStep() throws {
        let configuration = try configuration(slices: 4)
        let plain = try predict(configuration, workers: 1, cluster(1))
        let more = try predict(configuration, workers: 1, cluster(1), PlainTimes(overhead: 0.5))
        #expect(abs(more.seconds - plain.seconds - 0.5) < 1e-6)
    }

    @Test func aSlowLinkIsWaitedForAndIsTheLimit() throws {
        let configuration = try configuration()
        let fast = try predict(configuration, workers: 2, cluster(2))
        let slow = try predict(configuration, workers: 2, cluster(2, bandwidth: 12.5e6))
        #expect(slow.seconds > 1.5 * fast.seconds)
        #expect(slow.exchangeWait > 0.3)
        // Hosts exchange only the programs' slabs, because each host stores its own parameters.
        let program = try ProgramCompiler(network: configuration.network, workers: 2, batch: 128).program(worker: 0)
        #expect(abs(slow.links[0].bytesOut - Double(program.bytesSent(.float32))) < 0.02 * slow.links[0].bytesOut)
        let layout = try PredictedLayout(
            PlannedRun(configuration, layout: ColumnLayout(columns: 2, workers: 2), cluster: cluster(2, bandwidth: 12.5e6)), PlainTimes())
        guard case .link = try Limit.all(of: layout, PlainTimes())[0].resource else {
            Issue.record("the first limit is not the link")
            return
        }
    }

    @Test func theSlowerHostIsWaitedForAndIsTheLimit() throws {
        let configuration = try configuration()
        var hosts = cluster(2)
        hosts.hosts[1].speed = 0.5
        let layout = try PredictedLayout(
            PlannedRun(configuration, layout: ColumnLayout(columns: 2, workers: 2), cluster: hosts), PlainTimes())
        #expect(layout.prediction.workers[0].exchangeWait > 0.4)
        #expect(layout.prediction.workers[1].exchangeWait < 0.02)
        #expect(try Limit.all(of: layout, PlainTimes())[0].resource == .kernels(host: 1))
    }

    @Test func latencyIsPaidAtEveryExchange() throws {
        let configuration = try configuration()
        let none = try predict(configuration, workers: 2, cluster(2))
        let some = try predict(configuration, workers: 2, cluster(2, latency: 0.1))
        // Each exchange costs both hosts' latencies: in one or both directions at each layer that reads all columns, and at the logits.
        #expect(some.seconds - none.seconds > 4 * 0.2)
    }

    @Test func replicasShareTheSlicesAndSendParametersBetweenHosts() throws {
        let configuration = try configuration(slices: 2)
        let one = try predict(configuration, workers: 1, cluster(1))
        let two = try predict(configuration, workers: 2, replicas: 2, cluster(2))
        #expect(abs(one.seconds / two.seconds - 2) < 0.05)
        let parameters = Double(4 * (try configuration.network.parameterCount()))
        #expect(abs(two.links[1].bytesOut - parameters) < 0.02 * parameters)
        #expect(abs(two.links[1].bytesIn - parameters) < 0.02 * parameters)
        // A worker also needs memory for the parameters that the other host stores.
        #expect(two.workers.allSatisfy { $0.bytes > one.workers[0].bytes })
    }

    @Test func exchangesInSixteenBitsSendHalfTheBytes() throws {
        var configuration = try configuration(slices: 2)
        func sent() throws -> Double {
            try predict(configuration, workers: 4, replicas: 2, cluster(4)).links.reduce(0) { $0 + $1.bytesOut }
        }
        let plain = try sent()
        configuration.recipe.exchange.activations = .bf16
        let activations = try sent()
        configuration.recipe.exchange.gradients = .bf16
        let both = try sent()
        let programs = try ProgramCompiler(network: configuration.network, workers: 4, replicas: 2, batch: 64).programs()
        let slabs = programs.reduce(0) { $0 + $1.bytesSent(.float32) - $1.bytesSent(.bfloat16) }
        #expect(abs(plain - activations - Double(slabs)) < 0.02 * plain)
        // Each parameter's gradient comes from one other host.
        #expect(abs(activations - both - 2 * Double(try configuration.network.parameterCount())) < 0.02 * plain)
    }

    @Test func fullCoresPayForMessagesBetweenHosts() throws {
        let configuration = try configuration()
        var hosts = cluster(2)
        hosts.messages.seconds = 1e-3
        let idle = try predict(configuration, workers: 2, hosts)
        for host in 0...1 { hosts.hosts[host].cores = 1 }
        #expect(try predict(configuration, workers: 2, hosts).seconds > idle.seconds + 0.005)
        // Messages do not delay kernels of an accelerator.
        #expect(try predict(configuration, workers: 2, hosts, PlainTimes(usesCores: false)).seconds < idle.seconds + 1e-6)
    }

    @Test func moreThreadsThanCoresTakeTurns() throws {
        let configuration = try configuration()
        var hosts = cluster(1, workers: 2)
        let idle = try predict(configuration, workers: 2, hosts)
        hosts.hosts[0].cores = 1
        #expect(abs(try predict(configuration, workers: 2, hosts).seconds / idle.seconds - 2) < 0.05)
        #expect(try predict(configuration, workers: 2, hosts, PlainTimes(usesCores: false)).seconds < 1.01 * idle.seconds)
    }

    @Test func predictionsAreDeterministic() throws {
        let (configuration, hosts) = (try configuration(slices: 2), cluster(2, workers: 2, bandwidth: 1e9, latency: 1e-5))
        let first = try predict(configuration, workers: 4, replicas: 2, hosts)
        #expect(try predict(configuration, workers: 4, replicas: 2, hosts) == first)
    }
}
