/// Computes eigenvalues of small symmetric matrices.
enum SymmetricMatrix {
    /// Returns eigenvalues, and eigenvectors as columns, by cyclic Jacobi rotations.
    static func eigen(_ matrix: [[Double]]) -> (values: [Double], vectors: [[Double]]) {
        var a = matrix
        let size = a.count
        var vectors = (0..<size).map { row in (0..<size).map { $0 == row ? 1.0 : 0.0 } }
        for _ in 0..<64 {
            var moved = false
            for p in 0..<size {
                for q in p + 1..<max(size, p + 1) where a[p][q] != 0 {
                    if abs(a[p][q]) <= 1e-18 * (abs(a[p][p]) + abs(a[q][q])) {
                        (a[p][q], a[q][p]) = (0, 0)
                        continue
                    }
                    rotate(&a, &vectors, p, q)
                    moved = true
                }
            }
            if !moved { break }
        }
        return (a.indices.map { a[$0][$0] }, vectors)
    }

    /// Rotates in the plane of axes p and q so that the element (p, q) becomes zero.
    private static func rotate(_ a: inout [[Double]], _ vectors: inout [[Double]], _ p: Int, _ q: Int) {
        let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
        let tangent = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
        let cosine = 1 / (tangent * tangent + 1).squareRoot()
        let sine = tangent * cosine
        for k in a.indices {
            let (kp, kq) = (a[k][p], a[k][q])
            (a[k][p], a[k][q]) = (cosine * kp - sine * kq, sine * kp + cosine * kq)
        }
        for k in a.indices {
            let (pk, qk) = (a[p][k], a[q][k])
            (a[p][k], a[q][k]) = (cosine * pk - sine * qk, sine * pk + cosine * qk)
            let (vp, vq) = (vectors[k][p], vectors[k][q])
            (vectors[k][p], vectors[k][q]) = (cosine * vp - sine * vq, sine * vp + cosine * vq)
        }
        (a[p][q], a[q][p]) = (0, 0)
    }
}
