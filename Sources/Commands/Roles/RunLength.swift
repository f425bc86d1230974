import RunLog

/// The length of a run whose user did not choose one.
package enum RunLength {
    /// - Parameters:
    ///   - images: the images of the training set.
    ///   - batch: the images of a step.
    package static func text(steps: Int, images: Int, batch: Int) -> String {
        let passes = FigureText.number(Double(steps) * Double(batch) / Double(max(1, images)), digits: 3)
        return "neither --steps nor --epochs is given: \(FigureText.grouped(steps)) steps of \(FigureText.grouped(batch)) images will be "
            + "trained, \(passes) passes over \(FigureText.grouped(images)) images; choose another length with --epochs N or --steps N"
    }
}
