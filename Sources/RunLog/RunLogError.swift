/// A run that cannot be read or written, in one sentence that says what to do.
public struct RunLogError: Error, CustomStringConvertible, Sendable {
    public let description: String
    public init(_ description: String) { self.description = description }
}
