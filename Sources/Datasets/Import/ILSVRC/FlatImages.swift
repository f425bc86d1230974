import Platform

/// Validation images that are all in one archive.
struct FlatImages: ImageQueue {
    private let labels: ValidationLabels
    private var reader: TarReader
    private var isDamaged = false

    init(archive path: FilePath, labels: ValidationLabels) throws {
        self.labels = labels
        reader = TarReader(try TarArchive(path: path))
    }

    mutating func next() throws -> ImageItem? {
        guard !isDamaged else { return nil }
        do {
            while let member = try reader.next() {
                let content: ImageItem.Content
                switch member.kind {
                case .folder: continue
                case .file: content = .member(reader.archive, member)
                case .link: content = .unusable(ImageError("a link; links are not followed", .link))
                case .other: content = .unusable(ImageError("not a regular file", .unsupported))
                }
                return item(member, content)
            }
            return nil
        } catch {
            isDamaged = true
            return ImageItem(
                name: reader.archive.path, label: 0,
                content: .unusable(ImageError("\(error.reason); the rest of this archive is left out")),
                position: .init(offset: reader.range.upperBound), fraction: 1)
        }
    }

    private func item(_ member: TarMember, _ content: ImageItem.Content) -> ImageItem {
        let position = ImagePosition(offset: member.next)
        let fraction = Double(member.next) / Double(max(reader.range.count, 1))
        switch labels.label(of: member.path) {
        case .success(let label):
            return ImageItem(name: member.name, label: label, content: content, position: position, fraction: fraction)
        case .failure(let error):
            return ImageItem(name: member.name, label: 0, content: .unusable(error), position: position, fraction: fraction)
        }
    }

    mutating func seek(_ position: ImagePosition) throws {
        guard (0...reader.range.upperBound + 1024).contains(position.offset) else {
            throw DatasetError("\(reader.archive.path) has changed; remove the unfinished import and start again")
        }
        reader.offset = position.offset
    }
}
