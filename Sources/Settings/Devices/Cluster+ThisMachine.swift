import Foundation
import Platform
package import Prediction

/// The values of hosts that state none.
package enum HostDefaults {
    /// 10 Gbit/s, in bytes per second, and a latency in seconds.
    package static let (bandwidth, latency) = (1.25e9, 25e-6)

    /// The cores of this machine.
    package static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }
}

extension Cluster {
    /// Returns a cluster of this machine alone.
    /// - Parameter workers: the number of workers that it has room for.
    package static func thisMachine(workers: Int) -> Cluster {
        Cluster(hosts: [
            .init(
                name: HostIdentity.hostName, workers: workers, cores: HostDefaults.cores, bandwidth: HostDefaults.bandwidth,
                latency: HostDefaults.latency)
        ])
    }
}
