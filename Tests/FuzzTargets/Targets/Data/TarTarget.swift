import Datasets

extension FuzzTarget {
    /// A tar archive, and archives within it. With the first bit set, headers have the checksums that tar gives them.
    static let tar = FuzzTarget("tar", longest: 8192) { input in
        var input = InputReader(input)
        let repairs = input.number(UInt8.self) & 1 != 0
        var bytes = Array(input.rest)
        if repairs { repairChecksums(&bytes) }
        let archive = try TarArchive(path: TarFiles.folder.write(bytes, to: "archive.tar"))
        var reader = TarReader(archive)
        while let member = try reader.next() {
            try use(member, of: archive, within: 0..<archive.size)
            guard member.kind == .file, member.name.hasSuffix(".tar") else { continue }
            let range = member.offset..<member.offset + member.size
            var inner = TarReader(archive, range: range)
            while let member = try inner.next() { try use(member, of: archive, within: range) }
        }
    }

    private static func use(_ member: TarMember, of archive: TarArchive, within range: Range<Int>) throws {
        holds(member.offset >= range.lowerBound && member.size >= 0 && member.offset + member.size <= range.upperBound)
        holds(member.next > member.offset - 1)
        if member.kind == .file { try holds(archive.read(at: member.offset, count: member.size).count == member.size) }
    }

    /// Of every block that could be a header.
    private static func repairChecksums(_ bytes: inout [UInt8]) {
        for start in stride(from: 0, to: bytes.count - 511, by: 512) where bytes[start + 148] != 0xFF {
            let sum = (start..<start + 512).reduce(0) { $0 + Int(148..<156 ~= $1 - start ? 0x20 : bytes[$1]) }
            guard sum != 8 * 0x20 else { continue }
            let digits = String(sum, radix: 8)
            let field = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "\0 "
            bytes.replaceSubrange(start + 148..<start + 156, with: field.utf8)
        }
    }
}

private enum TarFiles {
    static let folder = ScratchFolder("tar")
}
