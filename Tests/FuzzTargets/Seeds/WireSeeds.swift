import Foundation
import NeuralNetwork
import Protocol
import SwiftProtobuf
import Tensors
import Transport

/// Connections, messages and events.
enum WireSeeds {
    /// A frame as the frames target takes it when it repairs.
    private static func frame(_ kind: FrameHeader.Kind, _ payload: [UInt8], direction: UInt8 = 1, flags: UInt8 = 0) -> [UInt8] {
        [kind.rawValue, direction, flags] + [UInt8](repeating: 1, count: 8 + 4 + 4 + 8 + 2 + 2 + 2)
            + InputReader.part(payload) + [0] + [UInt8](repeating: 0xFF, count: 4)
    }

    static var frames: [(String, [UInt8])] {
        let tensor = [UInt8](repeating: 7, count: 32)
        var header = FrameHeader(.control)
        (header.payloadCount, header.payloadChecksum) = (3, Digest.hash([1, 2, 3]))
        var raw = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        raw.withUnsafeMutableBytes { header.encode(into: $0) }
        return [
            ("raw", [0, 31, 63] + raw + [2, 1, 2, 3]),
            ("coordinator", [1, 31] + frame(.control, [8, 1]) + frame(.snapshot, tensor)),
            ("store", [3, 31] + frame(.control, []) + frame(.push, tensor) + frame(.push, [], flags: 1) + frame(.restore, tensor)),
            ("worker", [5, 31] + frame(.slab, tensor) + frame(.value, tensor) + frame(.data, [1, 2, 3, 4, 5])),
        ]
    }

    static func messages() throws -> [(String, [UInt8])] {
        let key = WireBlockKey.with { ($0.layer, $0.isBias, $0.column, $0.source) = (1, false, 1, 0) }
        let layout = WireRegister.Layout.with {
            ($0.extents, $0.paddedExtents, $0.strides) = ([24, 3, 5, 5], [32, 8, 5, 5], [3200, 3200, 640, 128])
            ($0.innerBlocks, $0.innerAxes) = ([8, 16], [1, 0])
        }
        let timeline = WireTimeline.with {
            $0.origin = 1_700_000_000_000_000_000
            $0.spans = [.with { ($0.name, $0.kind, $0.start, $0.duration) = ("conv1 forward", .compute, 12, 3400) }]
        }
        let configuration = RunConfiguration(network: CheckpointFiles.network, recipe: Recipe())
        let messages: [(String, WireControlMessage)] = [
            (
                "hello",
                HelloFields(
                    role: .worker, instructionSet: "avx512", kernelLibrary: "2.6.3", threads: 1, datasetFingerprint: "0123456789abcdef"
                ).hello(listenPort: 4711)
            ),
            (
                "welcome",
                .with { message in
                    message.welcome = .with {
                        ($0.run, $0.rank, $0.workers, $0.datasetPath) = (77, 1, 2, "data")
                        $0.configuration = (try? configuration.json()) ?? Data()
                    }
                }
            ),
            ("refusal", .with { $0.refusal = .with { $0.reason = "no" } }),
            (
                "topology",
                .with {
                    $0.topology = .with {
                        $0.workers = [.with { ($0.address, $0.port) = ("127.0.0.1", 4711) }]
                        ($0.stores, $0.storeOfBlock, $0.baseStep) = ($0.workers, [0, 0], 12)
                    }
                }
            ),
            ("grant", .with { $0.grant = .with { ($0.step, $0.learningRate, $0.validate) = (3, 0.01, true) } }),
            ("report", .with { $0.stepReport = .with { ($0.step, $0.lossSum, $0.timeline) = (3, 2.3, timeline) } }),
            ("stored", .with { $0.stepStored = .with { $0.digests = [.with { ($0.key, $0.digest) = (key, 99) }] } }),
            ("commit", .with { $0.commit = .with { ($0.step, $0.snapshot) = (3, true) } }),
            (
                "register",
                .with { $0.register = .with { $0.blocks = [.with { ($0.key, $0.values, $0.gradient) = (key, layout, layout) }] } }
            ),
            (
                "segment",
                .with {
                    $0.segment = .with {
                        ($0.shared, $0.bytes) = (true, 8192)
                        $0.places = [.with { ($0.key, $0.valuesEven, $0.valuesOdd, $0.gradients, $0.bytes) = (key, 0, 1024, [2048], 1024) }]
                    }
                }
            ),
            ("listing", .with { $0.dataListing = .with { $0.files = [.with { ($0.name, $0.size) = ("dataset.json", 300) }] } }),
            ("request", .with { $0.dataRequest = .with { ($0.file, $0.offset, $0.length) = (1, 4096, 512) } }),
            ("validation", .with { $0.validationReport = .with { ($0.step, $0.images, $0.top1Wrong) = (3, 100, 40) } }),
        ]
        return try messages.map { ($0, try $1.serializedBytes()) }
    }

    static let steps: [(String, [UInt8])] = [
        // Grant, push of both tensors and commit of the next step; reports; validation.
        ("step", [0, 2, 0, 0x24, 0x25, 0, 0x35, 0, 0x20, 0x21, 0x22, 0x26, 0x23, 9, 7]),
        ("plateau", [1, 1, 250, 0x20, 0x21, 0x22, 0x23, 200, 0x20, 0x21, 0x22, 0x23, 210, 0x27]),
        ("far", [0, 0, 0, 0x87] + [UInt8](repeating: 0xFF, count: 8)),
    ]
}
