import Platform

/// The labels of validation images that are all in one folder or archive: by their ground truth, or by the synset in their names.
struct ValidationLabels: ImageLabels {
    let truth: GroundTruth?
    let classes: ClassList

    func label(of path: FilePath) -> Result<Int, ImageError> {
        let name = path.last.stem.shown
        let named = SynsetTable.suffix(of: name)
        guard let truth else {
            guard let named else {
                return .failure(ImageError("nothing tells its class: there is no ground truth for the images beside folders", .unlabelled))
            }
            guard let label = classes.label(named) else {
                return .failure(ImageError("its class \(named) has no training images", .untrained))
            }
            return .success(label)
        }
        let found = truth.label(of: path.last.shown)
        // A ground truth by numbers would count digits of the synset, so the two must agree.
        if case .success(let label) = found, let named, let other = classes.label(named), other != label {
            return .failure(ImageError("its name says \(named), but the ground truth says \(classes.names[label])", .unlabelled))
        }
        return found
    }
}
