public import Tensors

/// A batch in one of a loader's two buffers. It is valid until the next call of the loader's `next`.
public struct LoadedBatch {
    /// NCHW.
    public let images: TensorBuffer
    public let labels: UnsafeBufferPointer<Int32>
    public let request: BatchRequest
    /// The index of the loader's buffer, 0 or 1.
    public let index: Int
}
