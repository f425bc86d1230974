/// The rules of a listener for the messages by which peers are admitted: it sees frames, and only its owner's side knows
/// what is in them. Used on the loop's thread.
public protocol AdmissionPolicy: Sendable {
    /// Checks the payload of a connection's first control frame, before the connection's owner receives it.
    /// - Throws: an error if no connection may begin with it; the connection is then closed.
    func checkFirst(_ payload: [UInt8]) throws
    /// Returns the payload of the control frame that informs a peer why it is not admitted.
    func refusal(_ reason: String) -> [UInt8]
}
