public import Tensors

/// A batch in one of a loader's two buffers, valid until the loader is asked for the next.
public struct LoadedBatch {
    /// N×C×H×W.
    public let images: TensorBuffer
    public let labels: UnsafeBufferPointer<Int32>
    public let request: BatchRequest
    /// Which of the loader's buffers this is, 0 or 1.
    public let index: Int
}
