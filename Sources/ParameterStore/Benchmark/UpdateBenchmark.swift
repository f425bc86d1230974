import Platform
import Tensors

/// Measures the store's update on one thread beside plain streaming, both on memory that no cache holds.
public enum UpdateBenchmark {
    public struct Report: Codable, Sendable {
        public let parameters: Int
        public let update_milliseconds: Double
        /// Bytes that the update reads and writes, 20 for a parameter, over its time.
        public let update_gigabytes_per_second: Double
        /// The same memory by a[i] = b[i] + s·c[i] (STREAM's triad), 12 bytes for an element.
        public let stream_gigabytes_per_second: Double
        public let share: Double
    }

    /// - Parameter rounds: of each, in turn; the shortest times count.
    public static func run(parameters: Int, rounds: Int) throws -> Report {
        let buffers = try (0..<5).map { _ in try TensorBuffer.allocate(floats: parameters) }
        for buffer in buffers { buffer.floats.update(repeating: 0.5) }
        let (values, momentum, gradient) = (buffers[0].floats, buffers[1].floats, buffers[2].floats)
        let (newValues, newMomentum) = (buffers[3].floats, buffers[4].floats)
        let update = MomentumUpdate(momentum: 0.9, decay: 5e-6, rate: 0.01)
        let digest = RunningDigest()
        var (updating, streaming) = (Double.infinity, Double.infinity)
        for _ in 0..<rounds {
            var start = MonotonicClock.now
            digest.reset()
            update.apply(
                count: parameters, values: UnsafePointer(values.baseAddress!), momentum: UnsafePointer(momentum.baseAddress!),
                gradient: { UnsafePointer(gradient.baseAddress! + $0.lowerBound) }, newValues: newValues.baseAddress!,
                newMomentum: newMomentum.baseAddress!
            ) {
                digest.add(UnsafeRawBufferPointer($0))
                digest.add(UnsafeRawBufferPointer($1))
            }
            updating = min(updating, MonotonicClock.now - start)
            start = MonotonicClock.now
            triad(newValues.baseAddress!, UnsafePointer(values.baseAddress!), UnsafePointer(momentum.baseAddress!), parameters)
            streaming = min(streaming, MonotonicClock.now - start)
        }
        // The addresses above do not keep the memory.
        withExtendedLifetime(buffers) {}
        let (moved, streamed) = (20e-9 * Double(parameters) / updating, 12e-9 * Double(parameters) / streaming)
        return Report(
            parameters: parameters, update_milliseconds: updating * 1e3, update_gigabytes_per_second: moved,
            stream_gigabytes_per_second: streamed, share: moved / streamed)
    }

    private static func triad(
        _ a: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>, _ count: Int
    ) {
        for i in 0..<count { a[i] = b[i] + 3 * c[i] }
    }
}
