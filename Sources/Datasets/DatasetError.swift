/// A data set that cannot be read, made or used: one sentence that says what to do.
public struct DatasetError: Error, CustomStringConvertible, Sendable {
    public let description: String
    init(_ description: String) { self.description = description }
}
