import COneDNN
import Foundation
import Synchronization
import Tensors

/// oneDNN's CPU engine and the stream on which kernels run. Only one thread may use it at a time.
public final class Engine: @unchecked Sendable {
    let engine: dnnl_engine_t
    let stream: dnnl_stream_t
    /// Live buffers that were allocated for kernels since the last `prefault`.
    private var allocations: [Allocation] = []

    private struct Allocation {
        weak var buffer: TensorBuffer?
    }

    public init() throws {
        var engine: dnnl_engine_t?
        try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "open the CPU engine")
        self.engine = engine!
        var stream: dnnl_stream_t?
        try check(dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)), "create a stream")
        self.stream = stream!
    }

    deinit {
        dnnl_stream_destroy(stream)
        dnnl_engine_destroy(engine)
    }

    func register(_ buffer: TensorBuffer) { allocations.append(Allocation(buffer: buffer)) }

    /// Makes the system provide all memory allocated for kernels now, so that the first step does not wait for it.
    public func prefault() {
        for allocation in allocations { allocation.buffer?.prefault() }
        allocations = []
    }

    /// Sets the number of threads for kernels that the calling thread runs. The order of sums depends on it.
    public static func useThreads(_ count: Int) { omp_set_num_threads(Int32(count)) }

    /// Calls `body` with (thread index, number of threads) on each thread that kernels use, and returns when all have returned.
    /// Kernels that `body` runs use its thread only.
    static func inParallel(_ body: (Int, Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { pointer in
                forksAndJoins.add(1, ordering: .releasing)
                GOMP_parallel(
                    { pointer in
                        _ = Engine.forksAndJoins.load(ordering: .acquiring)
                        let body = pointer!.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee
                        body(Int(omp_get_thread_num()), Int(omp_get_num_threads()))
                        Engine.forksAndJoins.add(1, ordering: .releasing)
                    }, UnsafeMutableRawPointer(mutating: pointer), 0, 0)
                _ = forksAndJoins.load(ordering: .acquiring)
            }
        }
    }

    /// Synchronization that the thread sanitizer sees; it does not see the futexes with which libgomp's threads wait for each other.
    private static let forksAndJoins = Atomic<Int>(0)

    /// The instruction set that kernels are generated for, such as `avx512_core_bf16`.
    public static var instructionSet: String {
        let isa = dnnl_get_effective_cpu_isa()
        let names: [(dnnl_cpu_isa_t, String)] = [
            (dnnl_cpu_isa_sse41, "sse41"), (dnnl_cpu_isa_avx, "avx"), (dnnl_cpu_isa_avx2, "avx2"),
            (dnnl_cpu_isa_avx2_vnni, "avx2_vnni"), (dnnl_cpu_isa_avx512_mic, "avx512_mic"),
            (dnnl_cpu_isa_avx512_core, "avx512_core"), (dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"),
            (dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"), (dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"),
        ]
        return names.first { $0.0 == isa }?.1 ?? "isa-\(isa.rawValue)"
    }

    /// Whether kernels can compute with bfloat16. It is faster than 32-bit floats only if `instructionSet` contains `bf16` or `amx`.
    public static var computesInBFloat16: Bool { dnnl_get_effective_cpu_isa().rawValue >= dnnl_cpu_isa_avx512_core.rawValue }

    /// Channels in a block of activations on this processor: 16 (nChw16c) with AVX-512, else 8 (nChw8c).
    static var channelBlock: Int { dnnl_get_effective_cpu_isa().rawValue >= dnnl_cpu_isa_avx512_core.rawValue ? 16 : 8 }

    /// oneDNN's version, such as `2.7.1`.
    public static var libraryVersion: String {
        let version = dnnl_version().pointee
        return "\(version.major).\(version.minor).\(version.patch)"
    }
}
