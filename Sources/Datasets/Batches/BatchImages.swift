import Tensors

/// The memory of a batch's images, NCHW, of either element type.
struct BatchImages {
    private let bytes: UnsafeMutableRawBufferPointer
    private let type: ElementType
    private let imageFloats: Int
    /// One image in 32-bit floats, before it is rounded to bfloat16.
    private let staging: TensorBuffer?

    init(_ bytes: UnsafeMutableRawBufferPointer, type: ElementType, imageFloats: Int, count: Int) {
        precondition(bytes.count >= count * imageFloats * type.byteCount, "the buffer is too small for the batch")
        (self.bytes, self.type, self.imageFloats) = (bytes, type, imageFloats)
        staging = type == .float32 ? nil : TensorBuffer(floats: imageFloats)
    }

    /// Writes the image at an index of the batch. `render` produces it as 32-bit floats, CHW.
    func write(_ index: Int, _ render: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
        let start = bytes.baseAddress! + index * imageFloats * type.byteCount
        guard let staging else { return try render(start.assumingMemoryBound(to: Float.self)) }
        let floats = staging.floats.baseAddress!
        try render(floats)
        let target = start.assumingMemoryBound(to: UInt16.self)
        for i in 0..<imageFloats { target[i] = BFloat16.bits(floats[i]) }
    }
}
