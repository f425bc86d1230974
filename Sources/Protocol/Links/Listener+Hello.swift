public import Security
public import Transport

extension Listener {
    /// Binds and listens; with port 0 the system chooses a free one. Never falls back to another address.
    /// - Parameter accepted: called on the loop's thread for each authenticated connection, which reads nothing until it is
    ///   started. Until it is admitted, it may send only one control frame, with a `Hello`.
    /// - Throws: `WireError` if the address cannot be resolved or bound.
    public convenience init(_ address: SocketAddress, loop: EventLoop, accepted: @escaping @Sendable (Link) -> Void) throws {
        try self.init(address, loop: loop, admission: HelloAdmission(), accepted: accepted)
    }
}
