public import Tensors

/// A frame's payload as the sender has it.
public enum Payload: Sendable {
    case none
    case bytes([UInt8])
    /// Sent from where it lies; the memory must not change until the receiver needs it no more.
    case tensor(TensorBuffer, byteCount: Int)

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .none: try body(UnsafeRawBufferPointer(start: nil, count: 0))
        case .bytes(let bytes): try bytes.withUnsafeBytes(body)
        case .tensor(let buffer, let count): try body(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        }
    }
}
