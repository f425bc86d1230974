extension WireHello.Role {
    /// The role's name in sentences for users.
    public var word: String {
        switch self {
        case .coordinator: "coordinator"
        case .worker: "worker"
        case .store: "store"
        case .dashboard: "dashboard"
        case .unknown, .UNRECOGNIZED: "process of unknown role"
        }
    }
}
