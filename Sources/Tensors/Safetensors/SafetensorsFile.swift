import Foundation
import Glibc

/// A memory-mapped safetensors file. Every length is checked against the file's size before it is used.
public final class SafetensorsFile: @unchecked Sendable {
    /// The largest header accepted, in bytes; the format's reference implementation has the same limit.
    static let headerLimit = 100_000_000

    public let path: String
    public let metadata: [String: String]
    private let entries: [String: SafetensorsHeader.Entry]
    private let mapping: UnsafeMutableRawBufferPointer
    private let dataStart: Int

    /// Maps a file and checks its header.
    /// - Throws: `SafetensorsError`.
    public init(path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SafetensorsError(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size >= 8 else {
            throw SafetensorsError(path, "is too short to be a safetensors file")
        }
        let size = Int(status.st_size)
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw SafetensorsError(path, "cannot be mapped: \(String(cString: strerror(errno)))")
        }
        let mapping = UnsafeMutableRawBufferPointer(start: address, count: size)
        do {
            let length = UInt64(littleEndian: mapping.loadUnaligned(as: UInt64.self))
            guard length <= Self.headerLimit, Int(length) <= size - 8 else {
                throw SafetensorsError(path, "damaged: its header's stated length is \(length) bytes, and the file has \(size)")
            }
            let start = 8 + Int(length)
            let header: SafetensorsHeader
            do {
                header = try JSONDecoder().decode(
                    SafetensorsHeader.self, from: Data(bytes: address + 8, count: Int(length)))
            } catch {
                throw SafetensorsError(path, "damaged: its header is not valid JSON for a safetensors file")
            }
            for (name, entry) in header.tensors {
                try Self.check(entry, name: name, available: size - start, path: path)
            }
            (self.path, self.mapping, self.dataStart) = (path, mapping, start)
            (entries, metadata) = (header.tensors, header.metadata)
        } catch {
            munmap(address, size)
            throw error
        }
    }

    deinit { munmap(mapping.baseAddress!, mapping.count) }

    private static func check(_ entry: SafetensorsHeader.Entry, name: String, available: Int, path: String) throws {
        let width = ["F64": 8, "I64": 8, "F32": 4, "I32": 4, "BF16": 2, "F16": 2, "U8": 1, "I8": 1][entry.dtype]
        var bytes = width ?? 1
        for extent in entry.shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw SafetensorsError(path, "damaged: \(name) has an impossible shape") }
            bytes = product
        }
        guard entry.data_offsets.count == 2, case let (start, end) = (entry.data_offsets[0], entry.data_offsets[1]),
            start >= 0, end >= start, end <= available, width == nil || end - start == bytes
        else { throw SafetensorsError(path, "damaged: the byte range of \(name) does not fit its shape or the file") }
    }

    /// XXH3 digest of the whole file.
    public var digest: UInt64 { Digest.hash(UnsafeRawBufferPointer(mapping)) }

    public var names: [String] { entries.keys.sorted() }
    public func shape(_ name: String) -> Shape? { entries[name].map { Shape($0.shape) } }

    /// Returns the bytes of a tensor of 32-bit floats. They are valid while this object lives, and may be unaligned.
    /// - Parameter shape: the shape that the tensor must have, if given.
    /// - Throws: `SafetensorsError` if the tensor is absent, or its type or shape differs.
    public func floats(_ name: String, shape: Shape? = nil) throws -> UnsafeRawBufferPointer {
        guard let entry = entries[name] else { throw SafetensorsError(path, "has no tensor named \(name)") }
        guard entry.dtype == "F32" else { throw SafetensorsError(path, "\(name) is \(entry.dtype), not F32") }
        if let shape, shape.extents != entry.shape {
            throw SafetensorsError(path, "\(name) has the shape \(Shape(entry.shape)), expected \(shape)")
        }
        let range = dataStart + entry.data_offsets[0]..<dataStart + entry.data_offsets[1]
        return UnsafeRawBufferPointer(rebasing: mapping[range])
    }

    /// Returns a copy of a tensor of 32-bit floats.
    public func array(_ name: String) throws -> [Float] {
        let bytes = try floats(name)
        return [Float](unsafeUninitializedCapacity: bytes.count / 4) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
            count = bytes.count / 4
        }
    }

    /// Returns a copy of a tensor of 64-bit integers.
    public func integers(_ name: String) throws -> [Int64] {
        guard let entry = entries[name], entry.dtype == "I64" else {
            throw SafetensorsError(path, "has no tensor of 64-bit integers named \(name)")
        }
        return (0..<(entry.data_offsets[1] - entry.data_offsets[0]) / 8).map {
            mapping.loadUnaligned(fromByteOffset: dataStart + entry.data_offsets[0] + 8 * $0, as: Int64.self)
        }
    }
}
