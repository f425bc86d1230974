public import Tensors

/// The payload of a frame to send.
public enum Payload: Sendable {
    case none
    case bytes([UInt8])
    /// The start of a tensor's memory, sent without a copy. It must not change until the frame has been written, which the
    /// caller learns only from the receiver's reaction.
    case tensor(TensorBuffer, byteCount: Int)

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .none: try body(UnsafeRawBufferPointer(start: nil, count: 0))
        case .bytes(let bytes): try bytes.withUnsafeBytes(body)
        case .tensor(let buffer, let count): try body(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        }
    }
}
