extension WireTopology {
    /// No run has as many steps; a larger number is no step, and reckoning with it could overflow.
    public static let stepLimit: UInt64 = 1 << 40
}
