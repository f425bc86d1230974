import COpenSSL
import Glibc

/// The secret of one run: 32 random bytes that each of its processes knows. On unencrypted connections it proves that a
/// peer belongs to the run. It does not encrypt, is never sent over a connection, and is never printed.
public final class RunToken: @unchecked Sendable, CustomStringConvertible {
    static let byteCount = 32
    private let bytes: UnsafeMutableRawBufferPointer

    private init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    /// Draws a new token.
    /// - Throws: `WireError` if the system provides no random bytes.
    public static func random() throws -> RunToken {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        guard RAND_bytes(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(byteCount)) == 1 else {
            bytes.deallocate()
            throw WireError(.file, "the system provides no random bytes for the run's token")
        }
        return RunToken(bytes)
    }

    /// Parses 64 hexadecimal digits.
    /// - Parameter source: the file's name, for the error.
    init(parsing text: [UInt8], source: String) throws {
        let digits = text.reversed().drop { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }.reversed()
        let values = digits.compactMap { Character(UnicodeScalar($0)).isASCII ? Character(UnicodeScalar($0)).hexDigitValue : nil }
        guard digits.count == 2 * Self.byteCount, values.count == digits.count else {
            throw WireError(.file, "\(source) does not contain a run token (64 hexadecimal digits); name the run's token file")
        }
        bytes = .allocate(byteCount: Self.byteCount, alignment: 16)
        for i in 0..<Self.byteCount { bytes[i] = UInt8(values[2 * i] << 4 | values[2 * i + 1]) }
    }

    /// Reads a file of mode 0600 that belongs to this user.
    /// - Throws: `WireError` if others can read the file, or it does not contain a token.
    public convenience init(file path: String) throws {
        try self.init(parsing: PrivateFile.read(path, followsLinks: false), source: path)
    }

    /// Reads an inherited descriptor to its end, and closes it.
    /// - Throws: `WireError` if it cannot be read, or does not contain a token.
    public convenience init(descriptor: Int32) throws {
        defer { close(descriptor) }
        try self.init(
            parsing: PrivateFile.read(descriptor, path: "descriptor \(descriptor)"), source: "descriptor \(descriptor)")
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    /// Writes the token to a file of mode 0600.
    /// - Parameter replaces: whether to replace an existing file, such as one left by a killed process.
    /// - Throws: `WireError` if the file exists and must not be replaced, or cannot be written.
    public func write(to path: String, replaces: Bool) throws {
        let digits = Array("0123456789abcdef".utf8)
        try PrivateFile.write(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } + [0x0A], to: path, replaces: replaces)
    }

    public var description: String { "a run token" }

    /// Returns the HMAC-SHA256 of a label and two nonces, keyed with the token.
    package func proof(_ label: String, _ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        let message = Array(label.utf8) + [0] + first + second
        var result = [UInt8](repeating: 0, count: Self.byteCount)
        var count = UInt32(0)
        // HMAC fails only without memory. An empty proof is never accepted.
        guard HMAC(EVP_sha256(), bytes.baseAddress, Int32(bytes.count), message, message.count, &result, &count) != nil else {
            return []
        }
        return result
    }

    /// Compares two proofs in constant time.
    static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == byteCount && second.count == byteCount && CRYPTO_memcmp(first, second, byteCount) == 0
    }
}
