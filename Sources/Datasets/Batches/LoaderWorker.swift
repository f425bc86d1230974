import Platform
import Tensors

/// The background part of a loader: fills the free buffer with the requested batch.
final class LoaderWorker: @unchecked Sendable {
    let state = Monitor(LoaderState())
    let labels: [TensorBuffer]
    private let images: [TensorBuffer]
    private let type: ElementType
    private let preparer: BatchPreparer

    init(preparer: BatchPreparer, images: [TensorBuffer], type: ElementType, labels: [TensorBuffer]) {
        (self.preparer, self.images, self.type, self.labels) = (preparer, images, type, labels)
    }

    func fill(_ index: Int, _ request: BatchRequest) throws {
        try preparer.prepare(
            request, images: images[index].bytes, type: type, labels: labels[index].bytes.bindMemory(to: Int32.self))
    }

    /// Runs on the thread until the loader is stopped or an image cannot be read.
    func run() {
        while let (index, request) = take() {
            do {
                try fill(index, request)
                state.update { $0.finish() }
            } catch { return state.update { $0.fail(error) } }
        }
    }

    private func take() -> (Int, BatchRequest)? {
        let taken: (Int, BatchRequest)?? = state.wait { state in
            if state.isStopped { return .some(nil) }
            return state.begin().map { .some($0) }
        }
        return taken ?? nil
    }
}
