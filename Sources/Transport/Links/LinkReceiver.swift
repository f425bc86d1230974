public import Security

/// The owner of a link, which handles received frames. All calls are made on the loop's thread.
public protocol LinkReceiver: AnyObject, Sendable {
    /// Returns where to read a frame's payload. Called before anything is allocated; throwing closes the link.
    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination
    /// Handles a complete frame whose checksum is valid. `payload` is empty for tensors, which were read into their memory.
    func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws
    /// Handles the end of the link; called once.
    func closed(_ link: Link, _ error: WireError)
}
