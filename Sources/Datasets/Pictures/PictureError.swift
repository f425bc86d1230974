/// Why a file is not a usable picture.
package struct PictureError: Error, Sendable {
    package let reason: String
    init(_ reason: String) { self.reason = reason }
}
