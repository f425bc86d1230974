import COpenSSL
import Glibc

/// The secret of one run: 32 random bytes that every process of it knows. It proves on plain connections that a peer is of
/// the run; it neither encrypts nor leaves this machine by itself, and nothing prints it.
public final class RunToken: @unchecked Sendable, CustomStringConvertible {
    static let byteCount = 32
    private let bytes: UnsafeMutableRawBufferPointer

    private init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    /// Draws a new one.
    public static func random() throws -> RunToken {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        guard RAND_bytes(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(byteCount)) == 1 else {
            bytes.deallocate()
            throw WireError(.file, "the system gives no random bytes for the run's token")
        }
        return RunToken(bytes)
    }

    /// Reads 64 hexadecimal digits.
    /// - Parameter source: named where they are not that.
    init(parsing text: [UInt8], source: String) throws {
        let digits = text.reversed().drop { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }.reversed()
        let values = digits.compactMap { Character(UnicodeScalar($0)).isASCII ? Character(UnicodeScalar($0)).hexDigitValue : nil }
        guard digits.count == 2 * Self.byteCount, values.count == digits.count else {
            throw WireError(.file, "\(source) holds no run token, which is 64 hexadecimal digits; name the file of the run")
        }
        bytes = .allocate(byteCount: Self.byteCount, alignment: 16)
        for i in 0..<Self.byteCount { bytes[i] = UInt8(values[2 * i] << 4 | values[2 * i + 1]) }
    }

    /// Reads a file of mode 0600 of this user.
    public convenience init(file path: String) throws {
        try self.init(parsing: PrivateFile.read(path, followsLinks: false), source: path)
    }

    /// Reads a descriptor that was inherited, to its end, and closes it.
    public convenience init(descriptor: Int32) throws {
        defer { close(descriptor) }
        try self.init(
            parsing: PrivateFile.read(descriptor, path: "descriptor \(descriptor)"), source: "descriptor \(descriptor)")
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    /// Writes a file of mode 0600.
    /// - Parameter replaces: whether one that is left from a process that was killed may be there.
    public func write(to path: String, replaces: Bool) throws {
        let digits = Array("0123456789abcdef".utf8)
        try PrivateFile.write(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } + [0x0A], to: path, replaces: replaces)
    }

    public var description: String { "a run token" }

    /// HMAC-SHA256 over a label and two nonces.
    package func proof(_ label: String, _ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        let message = Array(label.utf8) + [0] + first + second
        var result = [UInt8](repeating: 0, count: Self.byteCount)
        var count = UInt32(0)
        // Without memory for it there is a proof that nobody accepts.
        guard HMAC(EVP_sha256(), bytes.baseAddress, Int32(bytes.count), message, message.count, &result, &count) != nil else {
            return []
        }
        return result
    }

    /// Compares in a time that does not depend on where two proofs differ.
    static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == byteCount && second.count == byteCount && CRYPTO_memcmp(first, second, byteCount) == 0
    }
}
