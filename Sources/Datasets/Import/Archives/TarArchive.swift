import Glibc
package import Platform

/// A tar archive on disk that is read in place.
package final class TarArchive: Sendable {
    package let path: String
    package let size: Int
    private let descriptor: Int32

    package convenience init(path: String) throws { try self.init(path: FilePath(path)) }

    /// Opens an archive whose path need not be UTF-8.
    package init(path bytes: FilePath) throws {
        let path = bytes.shown
        descriptor = bytes.withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else {
            throw DatasetError("\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DatasetError("\(path): is not a regular file")
        }
        (self.path, size) = (path, Int(status.st_size))
    }

    deinit { close(descriptor) }

    /// Returns the bytes at an offset. The caller must have checked that they lie within the archive.
    package func read(at offset: Int, count: Int) throws(ImageError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got <= 0 {
                    code = got < 0 ? errno : 0
                    return
                }
                filled += got
            }
        }
        guard bytes.count == count else {
            throw ImageError(
                code == 0 ? "the archive became shorter while it was read" : "cannot be read: \(String(cString: strerror(code)))")
        }
        return bytes
    }
}

/// A member of a tar archive.
package struct TarMember: Sendable {
    package enum Kind: Sendable { case file, folder, link, other }
    /// The path in the archive. It identifies the member, and is never opened.
    package let path: FilePath
    package let kind: Kind
    /// The offset of the content in the archive's file.
    package let offset: Int
    package let size: Int
    /// The offset of the next member's header.
    package let next: Int

    /// The path for a person.
    package var name: String { path.shown }
}

/// Iterates over the members of an archive, or of an archive within one, without unpacking.
///
/// Reads ustar, GNU long names and pax headers. Every length is checked against the archive before anything is read.
package struct TarReader: Sendable {
    private static let block = 512
    private static let nameLimit = 64 << 10
    private static let paxLimit = 1 << 20

    package let archive: TarArchive
    /// The byte range of the archive in the file.
    package let range: Range<Int>
    /// The offset of the next header.
    package var offset: Int

    package init(_ archive: TarArchive) { self.init(archive, range: 0..<archive.size) }

    package init(_ archive: TarArchive, range: Range<Int>) {
        (self.archive, self.range, offset) = (archive, range, range.lowerBound)
    }

    /// Returns the next member, or nil at the end.
    /// - Throws: `ImageError` if the archive is damaged. The members after the damage cannot be read.
    package mutating func next() throws(ImageError) -> TarMember? {
        var longName: [UInt8]?
        var longSize: Int?
        while true {
            guard range.upperBound - offset >= Self.block else { return nil }
            let header = try archive.read(at: offset, count: Self.block)
            if header.allSatisfy({ $0 == 0 }) { return nil }
            guard Self.checksum(header) == Self.number(header[148..<156]) else {
                throw ImageError("damaged: there is no valid member header at byte \(offset)")
            }
            let content = offset + Self.block
            guard let stated = Self.number(header[124..<136]) else {
                throw ImageError("damaged: the member at byte \(offset) has no valid size")
            }
            let type = header[156]
            let isName = type == UInt8(ascii: "L") || type == UInt8(ascii: "K") || type == UInt8(ascii: "x")
            let size = isName ? stated : longSize ?? stated
            guard size <= range.upperBound - content else {
                throw ImageError("damaged: the member at byte \(offset) claims \(size) bytes, beyond the archive's end")
            }
            let next = content + (size + Self.block - 1) / Self.block * Self.block
            switch type {
            case UInt8(ascii: "L"):
                guard size <= Self.nameLimit else { throw ImageError("damaged: a name of \(size) bytes") }
                longName = Self.text(try archive.read(at: content, count: size)[...])
            case UInt8(ascii: "x"):
                guard size <= Self.paxLimit else { throw ImageError("damaged: an extended header of \(size) bytes") }
                let records = Self.pax(try archive.read(at: content, count: size))
                longName = records["path"] ?? longName
                longSize = records["size"].flatMap { Int(String(decoding: $0, as: UTF8.self)) }.map { max(0, $0) }
            case UInt8(ascii: "g"), UInt8(ascii: "K"): break
            default:
                offset = next
                return TarMember(
                    path: FilePath(bytes: longName ?? Self.name(header)), kind: Self.kind(type), offset: content, size: size, next: next)
            }
            offset = next
        }
    }

    private static func kind(_ type: UInt8) -> TarMember.Kind {
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
        case UInt8(ascii: "5"): .folder
        case UInt8(ascii: "1"), UInt8(ascii: "2"): .link
        default: .other
        }
    }

    private static func name(_ header: [UInt8]) -> [UInt8] {
        let name = text(header[..<100])
        let isUstar = Array(header[257..<262]) == Array("ustar".utf8) && header[262] == 0
        let prefix = isUstar ? text(header[345..<500]) : []
        return prefix.isEmpty ? name : prefix + [0x2F] + name
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Array(bytes.prefix { $0 != 0 }) }

    /// Returns the sum of the header's bytes, with the checksum field counted as spaces.
    private static func checksum(_ header: [UInt8]) -> Int {
        header.indices.reduce(0) { $0 + Int(148..<156 ~= $1 ? 0x20 : header[$1]) }
    }

    /// Parses an octal number, or a big-endian one if the first bit is set.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if field[field.startIndex] & 0x80 != 0 {
            var value = Int(field[field.startIndex] & 0x7F)
            for byte in field.dropFirst() {
                guard value <= Int.max >> 9 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        guard !digits.isEmpty, digits.count <= 20, digits.allSatisfy({ 0x30...0x37 ~= $0 }) else { return nil }
        return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    }

    /// Parses records of the form "LENGTH key=value\n".
    private static func pax(_ bytes: [UInt8]) -> [String: [UInt8]] {
        var records: [String: [UInt8]] = [:]
        var rest = bytes[...]
        while let space = rest.firstIndex(of: 0x20), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
            length > space - rest.startIndex, length <= rest.count
        {
            let record = rest[(space + 1)..<(rest.startIndex + length)].dropLast()
            if let equals = record.firstIndex(of: 0x3D) {
                records[String(decoding: record[..<equals], as: UTF8.self)] = Array(record[(equals + 1)...])
            }
            rest = rest[(rest.startIndex + length)...]
        }
        return records
    }
}
