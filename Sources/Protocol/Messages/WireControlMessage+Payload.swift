import Security
import SwiftProtobuf

extension WireControlMessage {
    /// Decodes a control frame's payload.
    /// - Throws: `WireError` if it is not a valid message.
    public init(payload: [UInt8]) throws {
        do {
            try self.init(serializedBytes: payload)
        } catch {
            throw WireError(.malformed, "a control message cannot be decoded")
        }
    }

    /// The largest accepted control message, in bytes.
    public static let sizeLimit = 1 << 20

    /// The payload of the message's frame.
    var payload: [UInt8] {
        // These messages have no required fields, so their serialization cannot fail.
        let bytes: [UInt8]? = try? serializedBytes()
        return bytes ?? []
    }
}
