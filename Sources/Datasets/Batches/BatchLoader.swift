import Platform
public import Tensors

/// Prepares the next batch on a thread of its own while the network trains on the current one (paper §4.1).
///
/// Call `next` and `prefetch` from one thread only.
public final class BatchLoader: @unchecked Sendable {
    /// The two image buffers, NCHW, by index. They never change, so that kernels can be bound to them.
    public let buffers: [TensorBuffer]

    private let worker: LoaderWorker
    private let thread: ServiceThread
    private let batch: Int

    /// - Parameters:
    ///   - batch: The largest number of images of a request.
    ///   - imageFloats: The number of elements of one image, C·H·W.
    ///   - type: The element type of the images.
    public init(preparer: BatchPreparer, batch: Int, imageFloats: Int, type: ElementType = .float32) throws {
        precondition(imageFloats == preparer.imageFloats, "the loader and the preparer must have images of the same size")
        buffers = try (0..<2).map { _ in try TensorBuffer.allocate(byteCount: batch * imageFloats * type.byteCount) }
        let worker = LoaderWorker(
            preparer: preparer, images: buffers, type: type, labels: (0..<2).map { _ in TensorBuffer(byteCount: 4 * batch) })
        (self.worker, self.batch) = (worker, batch)
        thread = ServiceThread(name: "loader") { worker.run() }
    }

    deinit { stop() }

    /// Starts to prepare a batch in the background unless it is already prepared or in preparation.
    public func prefetch(_ request: BatchRequest) {
        precondition(request.count <= batch)
        worker.state.update { $0.ask(request) }
    }

    /// Waits for a batch. If it was not prefetched, it is prepared now.
    /// - Throws: `DatasetError` if an image of this batch, or of the one being prefetched, cannot be decoded.
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

    /// Ends the background thread after its current batch. A later `next` prepares its batch on the caller's thread.
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
