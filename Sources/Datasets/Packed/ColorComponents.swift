/// The principal components of a data set's RGB values (paper §4.1).
///
/// These are the eigenvalues and eigenvectors of the 3×3 covariance of all training pixels, scaled to [0, 1].
public struct ColorComponents: Codable, Sendable, Equatable {
    /// Variances along the components, in descending order.
    public let eigenvalues: [Float]
    /// Rows are channels, columns are components. Each column has unit length, and its largest entry by magnitude is positive.
    public let eigenvectors: [[Float]]

    public init(eigenvalues: [Float], eigenvectors: [[Float]]) {
        (self.eigenvalues, self.eigenvectors) = (eigenvalues, eigenvectors)
    }

    /// Computes the components of a symmetric 3×3 covariance.
    init(covariance: [[Double]]) {
        let (values, vectors) = SymmetricMatrix.eigen(covariance)
        let order = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }
        eigenvalues = order.map { Float(max(values[$0], 0)) }
        let signs = order.map { component in
            let largest = vectors.indices.max { abs(vectors[$0][component]) < abs(vectors[$1][component]) }
            return largest.map { vectors[$0][component] < 0 } ?? false ? -1.0 : 1.0
        }
        eigenvectors = vectors.map { row in zip(order, signs).map { Float(row[$0] * $1) } }
    }

    /// Whether there are three finite components of three channels, with no negative variance.
    var isValid: Bool {
        eigenvalues.count == 3 && eigenvalues.allSatisfy { $0.isFinite && $0 >= 0 } && eigenvectors.count == 3
            && eigenvectors.allSatisfy { $0.count == 3 && $0.allSatisfy(\.isFinite) }
    }

    /// Returns the offsets to add to the three channels of an image with values 0...255: 255 · Σᵢ p[c][i] · α[i] · λ[i].
    public func shift(alphas: (Float, Float, Float)) -> (Float, Float, Float) {
        let weighted = (alphas.0 * eigenvalues[0], alphas.1 * eigenvalues[1], alphas.2 * eigenvalues[2])
        func channel(_ row: [Float]) -> Float {
            255 * (row[0] * weighted.0 + row[1] * weighted.1 + row[2] * weighted.2)
        }
        return (channel(eigenvectors[0]), channel(eigenvectors[1]), channel(eigenvectors[2]))
    }
}
