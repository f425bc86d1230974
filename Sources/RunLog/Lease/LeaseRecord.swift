public import Platform

/// The content of a file `lease.N` in a run's directory: who coordinates the run, by its own account. Only that process writes the file.
public struct LeaseRecord: Codable, Sendable, Hashable {
    /// The directory on which the owner holds the system's lock.
    public struct Lock: Codable, Sendable, Hashable {
        public let device: UInt64
        public let file: UInt64

        public init(device: UInt64, file: UInt64) { (self.device, self.file) = (device, file) }
    }

    /// The fencing number, N: higher for each coordinator of the run.
    public let fencing: Int
    /// A random number in hexadecimal digits. A process draws another for each lease.
    public let owner: String
    /// The host's name, for people.
    public let host: String
    public let process: ProcessIdentity
    /// Nil where the file system has no locks, or where somebody else held the lock.
    public let lock: Lock?
    /// Grows as long as the owner lives.
    public package(set) var counter = 0
    /// Whether the owner has ended and writes nothing any more.
    public package(set) var isReleased = false

    public init(fencing: Int, owner: String, host: String, process: ProcessIdentity, lock: Lock?) {
        (self.fencing, self.owner, self.host, self.process, self.lock) = (fencing, owner, host, process, lock)
    }
}

/// The newest lease in a run's directory, as a process has read it.
public struct LeaseSighting: Sendable, Hashable {
    /// The highest fencing number that has been claimed.
    public let fencing: Int
    /// Nil if the file cannot be read: it is being written, or damaged.
    public let record: LeaseRecord?
    /// Whether the owner's process has certainly ended.
    public let hasOwnerEnded: Bool

    public init(fencing: Int, record: LeaseRecord?, hasOwnerEnded: Bool) {
        (self.fencing, self.record, self.hasOwnerEnded) = (fencing, record, hasOwnerEnded)
    }
}
