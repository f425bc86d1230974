/// A connection or a peer that failed, in one sentence.
public struct WireError: Error, CustomStringConvertible, Sendable, Equatable {
    public enum Code: Sendable, Equatable {
        /// The peer broke the protocol; its connection is closed.
        case malformed
        /// The peer said no.
        case refused
        /// The coordinator does not let this process into its run, and would not the next time.
        case notAdmitted
        /// The connection ended.
        case closed
        /// The system refused a socket operation.
        case system
        /// What somebody wrote is no address.
        case address
        /// A certificate, key or token cannot be used.
        case file
        /// Nothing happened in time.
        case timeout
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }

    /// Does what lets this process into a run: whoever says no means the process, not one thing that it asked for.
    public static func admission<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as WireError where error.code == .refused {
            throw WireError(.notAdmitted, error.description)
        }
    }
}
