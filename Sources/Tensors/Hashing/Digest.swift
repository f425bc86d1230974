import CXXHash
import Foundation

/// 64-bit XXH3 hashes: checksums of frames and records, and digests of weights, which tell whether two runs agree.
public enum Digest {
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 { colonnade_xxh3(bytes.baseAddress, bytes.count) }

    public static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes(hash) }

    /// Returns one digest of an ordered list of digests.
    public static func combine(_ digests: [UInt64]) -> UInt64 { digests.withUnsafeBytes(hash) }

    /// Formats a digest as sixteen lower-case hexadecimal digits.
    public static func text(_ digest: UInt64) -> String {
        let digits = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Reads what `text` has written; nil for anything else.
    public static func number(_ text: String) -> UInt64? { text.utf8.count == 16 ? UInt64(text, radix: 16) : nil }
}

/// An XXH3 digest of bytes that arrive in parts.
public final class RunningDigest {
    private let state: OpaquePointer

    public init() {
        state = XXH3_createState()
        XXH3_64bits_reset(state)
    }

    deinit { XXH3_freeState(state) }

    public func reset() { XXH3_64bits_reset(state) }
    public func add(_ bytes: UnsafeRawBufferPointer) { colonnade_xxh3_update(state, bytes.baseAddress, bytes.count) }
    public var value: UInt64 { XXH3_64bits_digest(state) }
}
