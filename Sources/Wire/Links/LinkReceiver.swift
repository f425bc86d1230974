/// What a link's owner does with what arrives. All calls come on the loop's thread.
public protocol LinkReceiver: AnyObject, Sendable {
    /// Where a frame's payload goes; throwing closes the link. Asked before anything is allocated.
    func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination
    /// A frame is complete and its checksum right. `payload` is empty for tensors, which are in their memory.
    func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws
    /// The link has ended; called once.
    func closed(_ link: Link, _ error: WireError)
}
