import CXXHash
import Foundation

/// XXH3, 64 bits: frame checksums, record checksums, and the digests of weights that tell whether two runs agree.
public enum Digest {
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 { colonnade_xxh3(bytes.baseAddress, bytes.count) }

    public static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes(hash) }

    /// One digest for an ordered list of digests.
    public static func combine(_ digests: [UInt64]) -> UInt64 { digests.withUnsafeBytes(hash) }

    /// Sixteen lower-case hexadecimal digits.
    public static func text(_ digest: UInt64) -> String {
        let digits = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A digest over bytes that arrive in parts.
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
