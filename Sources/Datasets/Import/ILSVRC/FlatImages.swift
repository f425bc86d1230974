/// Validation images that are all in one archive or folder, with their classes in a ground-truth file.
struct FlatImages: ImageQueue {
    private let truth: GroundTruth
    private var source: Source

    private enum Source: Sendable {
        case archive(TarReader, isDamaged: Bool)
        case folder(String, [FolderListing.Entry], next: Int)
    }

    init(archive path: String, truth: GroundTruth) throws {
        self.truth = truth
        source = .archive(TarReader(try TarArchive(path: path)), isDamaged: false)
    }

    init(folder: String, truth: GroundTruth) throws {
        self.truth = truth
        source = .folder(folder, try FolderListing.entries(folder), next: 0)
    }

    mutating func next() throws -> ImageItem? {
        switch source {
        case .folder(let folder, let entries, let next):
            guard next < entries.count else { return nil }
            source = .folder(folder, entries, next: next + 1)
            let path = "\(folder)/\(entries[next].name)"
            return item(
                path, entries[next].content(path), position: next + 1, fraction: Double(next + 1) / Double(entries.count))
        case .archive(var reader, let isDamaged):
            guard !isDamaged else { return nil }
            let size = Double(reader.range.count)
            do {
                while let member = try reader.next() {
                    source = .archive(reader, isDamaged: false)
                    let content: ImageItem.Content
                    switch member.kind {
                    case .folder: continue
                    case .file: content = .member(reader.archive, member)
                    case .link: content = .unusable(reason: "a link; links are not followed")
                    case .other: content = .unusable(reason: "not a regular file")
                    }
                    return item(member.name, content, position: member.next, fraction: Double(member.next) / size)
                }
                return nil
            } catch {
                source = .archive(reader, isDamaged: true)
                return ImageItem(
                    name: reader.archive.path, label: 0,
                    content: .unusable(reason: "\(error.reason); the rest of this archive is left out"),
                    position: .init(offset: reader.range.upperBound), fraction: 1)
            }
        }
    }

    private func item(_ name: String, _ content: ImageItem.Content, position: Int, fraction: Double) -> ImageItem {
        let position = ImagePosition(offset: position)
        switch truth.label(of: name) {
        case .success(let label):
            return ImageItem(name: name, label: label, content: content, position: position, fraction: fraction)
        case .failure(let error):
            return ImageItem(
                name: name, label: 0, content: .unusable(reason: error.reason), position: position, fraction: fraction)
        }
    }

    mutating func seek(_ position: ImagePosition) throws {
        switch source {
        case .folder(let folder, let entries, _):
            guard (0...entries.count).contains(position.offset) else {
                throw DatasetError("\(folder) has changed; remove the unfinished import and start again")
            }
            source = .folder(folder, entries, next: position.offset)
        case .archive(var reader, _):
            guard (0...reader.range.upperBound + 1024).contains(position.offset) else {
                throw DatasetError("\(reader.archive.path) has changed; remove the unfinished import and start again")
            }
            reader.offset = position.offset
            source = .archive(reader, isDamaged: false)
        }
    }
}
