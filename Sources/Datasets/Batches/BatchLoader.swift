public import Tensors
import Threading

/// Two buffers, and one thread that prepares the next batch while the current one is trained on (paper §4.1).
///
/// One thread asks: `next` and `prefetch` are called by the owner of the training step.
public final class BatchLoader: @unchecked Sendable {
    /// The two image buffers, in index order, the same for the loader's life, so that kernels can be bound to them.
    public let buffers: [TensorBuffer]

    private let worker: LoaderWorker
    private let thread: ServiceThread
    private let batch: Int

    /// - Parameters:
    ///   - batch: the largest number of images of a request.
    ///   - imageFloats: the elements of one image, C·H·W.
    ///   - type: of the images' elements.
    public init(preparer: BatchPreparer, batch: Int, imageFloats: Int, type: ElementType = .float32) throws {
        precondition(imageFloats == preparer.imageFloats, "the loader's images are the preparer's")
        buffers = try (0..<2).map { _ in try TensorBuffer.allocate(byteCount: batch * imageFloats * type.byteCount) }
        let worker = LoaderWorker(
            preparer: preparer, images: buffers, type: type, labels: (0..<2).map { _ in TensorBuffer(byteCount: 4 * batch) })
        (self.worker, self.batch) = (worker, batch)
        thread = ServiceThread(name: "loader") { worker.run() }
    }

    deinit { stop() }

    /// Starts preparing a batch in the background unless it is already there or under way.
    public func prefetch(_ request: BatchRequest) {
        precondition(request.count <= batch)
        worker.state.update { $0.ask(request) }
    }

    /// Waits for a batch, which is prepared now if it was not prefetched.
    /// - Throws: `DatasetError` when an image of this batch, or of the one being prefetched, cannot be decoded.
    public func next(_ request: BatchRequest) throws -> LoadedBatch {
        precondition(request.count <= batch)
        while true {
            worker.state.update { $0.ask(request) }
            let outcome = worker.state.wait { state -> LoaderState.Answer? in state.answer(request) }
            switch outcome {
            case .ready(let index): return loaded(request, index)
            case .stopped:
                thread.join()
                let index = worker.state.update { $0.claim(request) }
                try worker.fill(index, request)
                return loaded(request, index)
            case .failed(let error): throw error
            case .dropped, nil: continue
            }
        }
    }

    /// Ends the background thread after the batch it is at. A later `next` prepares its batch itself.
    public func stop() {
        worker.state.update { $0.isStopped = true }
        thread.join()
    }

    private func loaded(_ request: BatchRequest, _ index: Int) -> LoadedBatch {
        worker.state.update { $0.inUse = index }
        let labels = worker.labels[index].bytes.bindMemory(to: Int32.self)
        return LoadedBatch(
            images: buffers[index], labels: UnsafeBufferPointer(rebasing: labels[..<request.count]), request: request,
            index: index)
    }
}
