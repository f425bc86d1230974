/// Describes why a run cannot be read or written, in one sentence that ends with what to do.
public struct RunLogError: Error, CustomStringConvertible, Sendable {
    public let description: String
    public init(_ description: String) { self.description = description }
}
