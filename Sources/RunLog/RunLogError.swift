/// Describes why a run cannot be read or written, in one sentence that ends with what to do.
public struct RunLogError: Error, CustomStringConvertible, Sendable {
    public let description: String
    /// The system's error number; nil if no call to the system failed.
    public let code: Int32?

    public init(_ description: String, code: Int32? = nil) { (self.description, self.code) = (description, code) }
}
