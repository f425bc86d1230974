/// A connection or a peer that failed, in one sentence.
public struct WireError: Error, CustomStringConvertible, Sendable, Equatable {
    public enum Code: Sendable, Equatable {
        /// The peer broke the protocol; its connection is closed.
        case malformed
        /// The peer said no.
        case refused
        /// The connection ended.
        case closed
        /// The system refused a socket operation.
        case system
        /// A certificate, key or token cannot be used.
        case file
        /// Nothing happened in time.
        case timeout
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }
}
