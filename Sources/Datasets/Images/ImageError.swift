/// The reason why a file is not a usable image.
package struct ImageError: Error, Sendable {
    package let reason: String
    package let kind: LeftOut
    init(_ reason: String, _ kind: LeftOut = .damaged) { (self.reason, self.kind) = (reason, kind) }
}
