/// The reason why a file is not a usable image.
package struct ImageError: Error, Sendable {
    package let reason: String
    init(_ reason: String) { self.reason = reason }
}
