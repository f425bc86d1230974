import Platform

/// The classes of WebDataset archives, for which every header of the training archives is read once.
struct ShardIndex: Sendable {
    private static let names = ["classnames.txt", "class_names.txt", "classes.txt", "labels.txt"]
    /// More classes than any labels by number are filled up to.
    private static let numberLimit = 1 << 16
    private static let classLimit = 1 << 20

    let classes: ClassList
    /// For each class, the number of its samples and the smallest rank among them, if a share is held out.
    private var samples: [Int: (count: Int, least: UInt64)] = [:]
    private let share: HeldOutShare?

    /// - Throws: `DatasetError` if no sample has a class.
    init(_ shards: [FilePath], in tree: DiskTree, share: HeldOutShare? = nil) throws {
        self.share = share
        var found: [String: (count: Int, least: UInt64)] = [:]
        for shard in shards {
            var samples = ShardSamples(try TarArchive(path: tree.full(shard)))
            // A damaged archive is reported when its images are read.
            while let sample = try? samples.next() {
                guard let label = sample.label, sample.image != nil else { continue }
                let rank = share?.rank(shard.last.path.appending(sample.key)) ?? 0
                let old = found[label] ?? (0, .max)
                found[label] = (old.count + 1, min(old.least, rank))
                guard found.count <= Self.classLimit else {
                    throw DatasetError("\(tree.full(shard).shown): has more than \(Self.classLimit) classes; its labels are no classes")
                }
            }
        }
        guard !found.isEmpty else {
            throw DatasetError(
                "\(tree.full(shards[0]).shown): no sample has a class; WebDataset archives need NAME.cls, or \"label\" in NAME.json, beside "
                    + "NAME.jpg (an archive of folders is unpacked first)")
        }
        classes = try Self.classes(Set(found.keys), Self.list(shards[0], tree))
        for (name, sample) in found {
            guard let label = Self.label(name, classes) else { continue }
            let old = samples[label] ?? (0, .max)
            samples[label] = (old.count + sample.count, min(old.least, sample.least))
        }
    }

    /// Whether a sample is held out: those of the smallest ranks, and at least one of each class.
    func isHeldOut(_ sample: ShardSample, of shard: FilePath, label: Int) -> Bool {
        guard let share, let known = samples[label], known.count > 1 else { return false }
        let rank = share.rank(shard.last.path.appending(sample.key))
        return rank == known.least || Double(rank) < share.share * 0x1p64
    }

    static func label(_ name: String, _ classes: ClassList) -> Int? {
        if let label = classes.label(name) { return label }
        guard let number = Int(name), classes.names.indices.contains(number) else { return nil }
        return classes.names.allSatisfy { Int($0) != nil } ? nil : number
    }

    private static func classes(_ found: Set<String>, _ listed: [String]?) throws -> ClassList {
        let numbers = found.compactMap { Int($0) }
        guard numbers.count == found.count, let last = numbers.max(), numbers.allSatisfy({ $0 >= 0 }) else {
            return ClassList(table: found)
        }
        if let listed, last < listed.count { return ClassList(ordered: listed) }
        // Labels stay the numbers that they are.
        return ClassList(table: last < numberLimit ? Set((0...last).map(String.init)) : found)
    }

    /// Returns the classes' names by number, from a file beside the archives or in a folder above them.
    private static func list(_ shard: FilePath, _ tree: DiskTree) throws -> [String]? {
        var folder = FilePath(bytes: shard.names.dropLast().map(\.bytes).joined(separator: [0x2F]))
        while true {
            for name in names where FolderListing.isRegularFile(tree.full(folder).appending(name)) {
                let text = try MappedFile(path: tree.full(folder).appending(name), limit: 16 << 20).withBytes {
                    String(decoding: $0, as: UTF8.self)
                }
                let lines = text.split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }
                return Set(lines).count == lines.count ? lines : nil
            }
            guard !folder.bytes.isEmpty else { return nil }
            folder = FilePath(bytes: folder.names.dropLast().map(\.bytes).joined(separator: [0x2F]))
        }
    }
}
