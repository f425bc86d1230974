import COneDNN
import Foundation
import Synchronization
import Tensors

/// oneDNN's CPU engine and the stream that kernels run on. Used by one compute thread at a time.
public final class Engine: @unchecked Sendable {
    let engine: dnnl_engine_t
    let stream: dnnl_stream_t
    /// What has been allocated for kernels, while it lives.
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

    func note(_ buffer: TensorBuffer) { allocations.append(Allocation(buffer: buffer)) }

    /// Has the system provide all memory that was allocated for kernels, so that the first step does not wait for it.
    public func prefault() {
        for allocation in allocations { allocation.buffer?.prefault() }
        allocations = []
    }

    /// Sets how many threads kernels use that this thread calls. Sums depend on it.
    public static func useThreads(_ count: Int) { omp_set_num_threads(Int32(count)) }

    /// Calls `body` with (thread, threads) on each of the threads that kernels use, and returns when all are done. Kernels that
    /// it calls run on its thread alone.
    static func inParallel(_ body: (Int, Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { place in
                forksAndJoins.add(1, ordering: .releasing)
                GOMP_parallel(
                    { place in
                        _ = Engine.forksAndJoins.load(ordering: .acquiring)
                        let body = place!.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee
                        body(Int(omp_get_thread_num()), Int(omp_get_num_threads()))
                        Engine.forksAndJoins.add(1, ordering: .releasing)
                    }, UnsafeMutableRawPointer(mutating: place), 0, 0)
                _ = forksAndJoins.load(ordering: .acquiring)
            }
        }
    }

    /// libgomp's threads wait for each other by futexes of its own, which the thread sanitizer does not see; this it does.
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

    /// Whether kernels can compute with 16-bit floats; faster than with 32-bit ones only where the instruction set says
    /// `bf16` or `amx`.
    public static var computesInBFloat16: Bool { dnnl_get_effective_cpu_isa().rawValue >= dnnl_cpu_isa_avx512_core.rawValue }

    /// Channels that oneDNN keeps together in activations on this processor: nChw16c with AVX-512, else nChw8c.
    static var channelBlock: Int { dnnl_get_effective_cpu_isa().rawValue >= dnnl_cpu_isa_avx512_core.rawValue ? 16 : 8 }

    public static var libraryVersion: String {
        let version = dnnl_version().pointee
        return "\(version.major).\(version.minor).\(version.patch)"
    }
}
