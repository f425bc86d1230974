import Platform

/// Training images in one archive per synset. The archives are in an outer archive or in a folder.
struct SynsetArchives: ImageQueue {
    /// One synset's archive.
    private struct Archive: Sendable {
        let name: String
        let file: TarArchive
        let range: Range<Int>
        /// The total bytes of all archives before it.
        let before: Int
    }

    let classes: [String]
    private let archives: [Archive]
    private let total: Int
    private var current = -1
    private var reader: TarReader?

    /// Opens an archive that contains `n01440764.tar` …
    init(archive path: FilePath) throws {
        let file = try TarArchive(path: path)
        var reader = TarReader(file)
        var found: [(String, TarArchive, Range<Int>)] = []
        do {
            while let member = try reader.next() {
                guard member.kind == .file, let name = Self.synset(member.path.last) else { continue }
                found.append((name, file, member.offset..<member.offset + member.size))
            }
        } catch {
            throw DatasetError("\(path.shown): \(error.reason); download it again")
        }
        try self.init(found, source: path.shown)
    }

    /// Opens a folder that contains `n01440764.tar` …; nil if it has no such files.
    init?(folder: FilePath) throws {
        let names = try FolderListing.entries(folder).map(\.name).filter { FolderListing.isRegularFile(folder.appending($0)) }
        let found = try names.compactMap { name -> (String, TarArchive, Range<Int>)? in
            guard let synset = Self.synset(name) else { return nil }
            let file = try TarArchive(path: folder.appending(name))
            return (synset, file, 0..<file.size)
        }
        guard !found.isEmpty else { return nil }
        try self.init(found, source: folder.shown)
    }

    private init(_ found: [(String, TarArchive, Range<Int>)], source: String) throws {
        guard !found.isEmpty else {
            throw DatasetError("\(source) has no archives of synsets such as n01440764.tar; download it again")
        }
        // Labels follow the order of the synsets' names, as is customary; images are read in that order too.
        let sorted = found.sorted { $0.0 < $1.0 }
        var (before, archives) = (0, [Archive]())
        for (name, file, range) in sorted {
            guard archives.last?.name != name else { throw DatasetError("\(source) has \(name).tar twice; download it again") }
            archives.append(Archive(name: name, file: file, range: range, before: before))
            before += range.count
        }
        (self.archives, total, classes) = (archives, max(before, 1), archives.map(\.name))
    }

    /// Returns `n01440764` for `n01440764.tar`, in any folder.
    private static func synset(_ name: FileName) -> String? {
        guard name.hasSuffix(".tar") else { return nil }
        let stem = name.stem.shown
        return SynsetTable.isSynset(stem) ? stem : nil
    }

    mutating func next() throws -> ImageItem? {
        while true {
            if let item = nextInArchive() { return item }
            guard current + 1 < archives.count else { return nil }
            open(current + 1)
        }
    }

    /// Returns the next image of the open archive. A damaged archive ends with an item that states the damage.
    private mutating func nextInArchive() -> ImageItem? {
        guard var reader else { return nil }
        let archive = archives[current]
        func item(_ name: String, _ content: ImageItem.Content, next: Int) -> ImageItem {
            ImageItem(
                name: "\(archive.name).tar/\(name)", label: current, content: content,
                position: .init(container: current, offset: next - archive.range.lowerBound),
                fraction: Double(archive.before + next - archive.range.lowerBound) / Double(total))
        }
        do {
            while let member = try reader.next() {
                self.reader = reader
                switch member.kind {
                case .folder: continue
                case .file: return item(member.name, .member(archive.file, member), next: member.next)
                case .link:
                    return item(member.name, .unusable(ImageError("a link; links are not followed", .link)), next: member.next)
                case .other: return item(member.name, .unusable(ImageError("not a regular file", .unsupported)), next: member.next)
                }
            }
            self.reader = nil
            return nil
        } catch {
            self.reader = nil
            return item("", .unusable(ImageError("\(error.reason); the rest of this archive is left out")), next: archive.range.upperBound)
        }
    }

    private mutating func open(_ index: Int) {
        current = index
        reader = TarReader(archives[index].file, range: archives[index].range)
    }

    mutating func seek(_ position: ImagePosition) throws {
        guard archives.indices.contains(position.container),
            (0...archives[position.container].range.count).contains(position.offset)
        else { throw DatasetError("the source has changed; remove the unfinished import and start again") }
        open(position.container)
        reader?.offset = archives[position.container].range.lowerBound + position.offset
    }
}
