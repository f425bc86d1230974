/// A failed connection, peer, address or credential: a code, and a sentence that states the cause and the remedy.
public struct WireError: Error, CustomStringConvertible, Sendable, Equatable {
    public enum Code: Sendable, Equatable {
        /// The peer broke the protocol; its connection is closed.
        case malformed
        /// The peer rejected this side or its request, or this side rejected the peer.
        case refused
        /// The coordinator rejected this process; another attempt would be rejected as well.
        case notAdmitted
        /// Another user of this machine listens at the address, without a proof that it belongs to the run.
        case foreign
        /// The connection ended.
        case closed
        /// A system call failed.
        case system
        /// The text is not a valid address.
        case address
        /// A certificate, key or token file is missing, unreadable or unusable.
        case file
        /// The peer did not respond in time.
        case timeout
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }
}
