/// Why a file is not a usable picture.
struct PictureError: Error, Sendable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
