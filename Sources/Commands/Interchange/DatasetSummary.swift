import Datasets

/// The properties of its data set that a checkpoint keeps.
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
