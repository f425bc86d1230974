import NeuralNetwork
import Partition
import Tensors
import Testing

@Suite struct ProgramCompilerTests {
    private func network(columns: Int) -> NetworkSpecification {
        var network = Preset.cifar10.network
        network.columns = columns
        return network
    }

    @Test(arguments: [(2, 1), (2, 2), (4, 1), (4, 2), (4, 3), (4, 4)])
    func everySlabThatIsReceivedIsSentOnce(columns: Int, workers: Int) throws {
        let programs = try ProgramCompiler(network: network(columns: columns), workers: workers, batch: 8).programs()
        var sent: [String] = []
        var received: [String] = []
        for program in programs {
            for instruction in program.instructions {
                switch instruction {
                case .send(let slab, let to): sent.append("\(slab) to \(to)")
                case .receive(let slab, let from):
                    received.append("\(slab) to \(program.worker)")
                    #expect(program.layout.worker(of: slab.from, replica: 0) == from)
                default: continue
                }
            }
        }
        #expect(sent.sorted() == received.sorted())
        #expect(Set(sent).count == sent.count)
        #expect(workers > 1 || sent.isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4]) func workAndParametersAreTheSameInEveryLayout(workers: Int) throws {
        let network = network(columns: 4)
        let programs = try ProgramCompiler(network: network, workers: workers, batch: 8).programs()
        let whole = try ProgramCompiler(network: network, workers: 1, batch: 8).program(worker: 0)
        #expect(programs.reduce(0) { $0 + $1.flops } == whole.flops)
        let keys = programs.flatMap { $0.blocks.map(\.key) }.sorted()
        #expect(keys == whole.blocks.map(\.key))
        #expect(programs.flatMap(\.blocks).reduce(0) { $0 + $1.shape.count } == (try network.parameterCount()))
    }

    @Test func ownPartComesBeforeTheFirstWaitAtALayerThatReadsAll() throws {
        let program = try ProgramCompiler(network: network(columns: 2), workers: 2, batch: 8).program(worker: 1)
        let own = program.forward.firstIndex {
            if case .compute(let c) = $0 { c.layer == 2 && c.kind == .output(source: 1, first: true, last: false) } else { false }
        }
        let wait = program.forward.firstIndex { if case .receive = $0 { true } else { false } }
        let send = program.forward.firstIndex { if case .send = $0 { true } else { false } }
        #expect(send! < own! && own! < wait!)
    }

    @Test func gradientsThatOthersWaitForAreSentBeforeOwnWork() throws {
        let program = try ProgramCompiler(network: network(columns: 2), workers: 2, batch: 8).program(worker: 0)
        for layer in [2, 4, 5] {
            let send = program.backward.firstIndex { if case .send(let slab, _) = $0 { slab.layer == layer - 1 } else { false } }
            let weights = program.backward.firstIndex {
                if case .compute(let c) = $0, case .parameterGradient = c.kind { c.layer == layer } else { false }
            }
            #expect(send! < weights!)
        }
    }

    @Test func moreWorkersThanColumnsAreRejected() {
        #expect(throws: NetworkError.self) { try ProgramCompiler(network: network(columns: 2), workers: 3, batch: 8) }
    }

    @Test func alexnetExchangesTheBytesOfTheDesign() throws {
        let program = try ProgramCompiler(network: Preset.alexnet.network, workers: 2, batch: 128).program(worker: 0)
        // The outputs of conv2, conv5, fc6 and fc7 and their gradients, and the logits.
        let slab = 128 * 13 * 13 + 128 * 6 * 6 + 2048 + 2048
        #expect(program.bytesSent(.float32) == 128 * 4 * (2 * slab + 500))
        #expect(program.bytesReceived(.float32) == program.bytesSent(.float32))
        #expect(program.bytesSent(.bfloat16) == 128 * (2 * 2 * slab + 4 * 500))
    }
}
