/// Describes why a data set cannot be read, written or used, in one sentence that ends with what to do.
public struct DatasetError: Error, CustomStringConvertible, Sendable {
    public let description: String
    init(_ description: String) { self.description = description }
}
