import Datasets

/// What a checkpoint keeps of its data set.
struct DatasetSummary {
    let manifest: DatasetManifest
    let mean: [Float]
    let stored: [Int]

    init(path: String) throws {
        let dataset = try Dataset(path: path)
        (manifest, mean) = (dataset.manifest, dataset.mean)
        stored = [manifest.channels, manifest.height, manifest.width]
    }
}
