import NeuralNetwork

/// The hosts of a run and their network, as input of a prediction.
public struct Cluster: Sendable, Equatable {
    public struct Host: Sendable, Equatable {
        public var name: String
        /// The largest number of workers on the host.
        public var workers: Int
        public var cores: Int
        /// Speed of its kernels relative to the host on which they were measured.
        public var speed: Double
        /// Bytes per second in each direction of its connection to the other hosts.
        public var bandwidth: Double
        /// Seconds from this host to the network; a message takes the sum of both hosts' latencies.
        public var latency: Double

        public init(name: String, workers: Int, cores: Int, speed: Double = 1, bandwidth: Double, latency: Double) {
            (self.name, self.workers, self.cores) = (name, workers, cores)
            (self.speed, self.bandwidth, self.latency) = (speed, bandwidth, latency)
        }
    }

    /// The connection between processes on one host.
    public struct Loopback: Sendable, Equatable {
        /// Bytes per second.
        public var bandwidth: Double
        /// Seconds until a message wakes its receiver.
        public var latency: Double

        public init(bandwidth: Double, latency: Double) { (self.bandwidth, self.latency) = (bandwidth, latency) }

        /// Typical values, measured by `bench links` on a current machine with both ends computing.
        public static let usual = Loopback(bandwidth: 1.8e9, latency: 40e-6)
    }

    /// The time that a message between hosts takes from a core at each end.
    public struct Messages: Sendable, Equatable {
        /// Seconds per byte.
        public var byteSeconds: Double
        /// Seconds per message, for waking threads, headers and system calls.
        public var seconds: Double

        public init(byteSeconds: Double, seconds: Double) { (self.byteSeconds, self.seconds) = (byteSeconds, seconds) }

        /// Typical values, measured by `bench links` on a current machine.
        public static let usual = Messages(byteSeconds: 0.2e-9, seconds: 15e-6)
    }

    public var hosts: [Host]
    public var loopback: Loopback
    public var messages: Messages

    public init(hosts: [Host], loopback: Loopback = .usual, messages: Messages = .usual) {
        (self.hosts, self.loopback, self.messages) = (hosts, loopback, messages)
    }

    /// The largest number of workers on all hosts.
    public var capacity: Int { hosts.reduce(0) { $0 + $1.workers } }

    /// Returns the host of each worker; hosts are filled in order, as `launch` does.
    /// - Throws: `NetworkError` if the hosts have room for fewer workers.
    public func placement(workers: Int) throws -> [Int] {
        let slots = hosts.indices.flatMap { Array(repeating: $0, count: hosts[$0].workers) }
        guard workers <= slots.count else {
            throw NetworkError(
                "\(workers) workers do not fit on \(hosts.count) \(hosts.count == 1 ? "host" : "hosts") with room for \(slots.count); "
                    + "raise workers: of a host, or add hosts")
        }
        return Array(slots.prefix(workers))
    }
}
