public import Transport

extension FaultInjection {
    /// Names this process, for faults of that process.
    public static func identify(_ role: WireHello.Role, rank: Int) { identify("\(role.word)-\(rank)") }
}
