import NeuralNetwork

/// The hosts of a run, as a prediction needs them.
public struct Cluster: Sendable, Equatable {
    public struct Host: Sendable, Equatable {
        public var name: String
        /// Workers that there is place for.
        public var workers: Int
        public var cores: Int
        /// Of its kernels, beside the host's where they were measured.
        public var speed: Double
        /// Bytes a second of its connection to the other hosts, each way.
        public var bandwidth: Double
        /// Seconds from here to the network.
        public var latency: Double

        public init(name: String, workers: Int, cores: Int, speed: Double = 1, bandwidth: Double, latency: Double) {
            (self.name, self.workers, self.cores) = (name, workers, cores)
            (self.speed, self.bandwidth, self.latency) = (speed, bandwidth, latency)
        }
    }

    /// Between processes of one host.
    public struct Loopback: Sendable, Equatable {
        /// Bytes a second.
        public var bandwidth: Double
        /// Seconds until a message is with whom it wakes.
        public var latency: Double

        public init(bandwidth: Double, latency: Double) { (self.bandwidth, self.latency) = (bandwidth, latency) }

        /// As `bench links` finds it on a present machine with both ends computing.
        public static let usual = Loopback(bandwidth: 1.8e9, latency: 40e-6)
    }

    /// What a message from or to another host takes of a core, at each end.
    public struct Messages: Sendable, Equatable {
        /// Seconds for each byte.
        public var byteSeconds: Double
        /// Seconds for each message: threads that wake, headers, system calls.
        public var seconds: Double

        public init(byteSeconds: Double, seconds: Double) { (self.byteSeconds, self.seconds) = (byteSeconds, seconds) }

        /// As `bench links` finds it on a present machine.
        public static let usual = Messages(byteSeconds: 0.2e-9, seconds: 15e-6)
    }

    public var hosts: [Host]
    public var loopback: Loopback
    public var messages: Messages

    public init(hosts: [Host], loopback: Loopback = .usual, messages: Messages = .usual) {
        (self.hosts, self.loopback, self.messages) = (hosts, loopback, messages)
    }

    public var places: Int { hosts.reduce(0) { $0 + $1.workers } }

    /// The host of each worker: hosts are filled in their order, as `launch` does.
    /// - Throws: where there is place for fewer.
    public func placement(workers: Int) throws -> [Int] {
        let places = hosts.indices.flatMap { Array(repeating: $0, count: hosts[$0].workers) }
        guard workers <= places.count else {
            throw NetworkError("\(workers) workers have \(places.count) places on \(hosts.count) hosts: state workers: of each host")
        }
        return Array(places.prefix(workers))
    }
}
