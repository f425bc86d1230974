import Partition

/// A resource that limits a layout's rate, and the gain if that resource were twice as fast.
public struct Limit: Sendable, Equatable {
    public enum Resource: Sendable, Equatable {
        /// Kernels of one host, or of all if nil.
        case kernels(host: Int?)
        /// The link of one host, or of all if nil.
        case link(host: Int?)
        case latency
        case loopback
        case store
    }

    public let resource: Resource
    /// The relative increase of the rate if the resource were twice as fast; 0.2 means 20 % more images per second.
    public let gain: Double

    /// Returns the gain from each resource, the greatest first.
    /// - Throws: `NetworkError` if the times belong to another network.
    public static func all(of layout: PredictedLayout, _ times: any KernelTimes) throws -> [Limit] {
        let (plan, now) = (layout.plan, layout.prediction.imagesPerSecond)
        let used = Set(plan.placement).sorted()
        func limit(_ resource: Resource, _ change: (inout Cluster) -> Void, _ times: any KernelTimes) throws -> Limit {
            var cluster = plan.cluster
            change(&cluster)
            let faster = try PlannedRun(plan.configuration, layout: plan.layout, cluster: cluster, placement: plan.placement)
            return Limit(resource: resource, gain: try StepSimulation.predict(faster, times).imagesPerSecond / now - 1)
        }
        let several = used.count > 1
        var limits = [try limit(.kernels(host: nil), { for host in used { $0.hosts[host].speed *= 2 } }, times)]
        limits.append(
            try limit(
                .loopback,
                {
                    $0.loopback.bandwidth *= 2
                    $0.loopback.latency /= 2
                }, times))
        if several {
            limits.append(try limit(.link(host: nil), { for host in used { $0.hosts[host].bandwidth *= 2 } }, times))
            limits.append(try limit(.latency, { for host in used { $0.hosts[host].latency /= 2 } }, times))
            for host in used {
                limits.append(try limit(.kernels(host: host), { $0.hosts[host].speed *= 2 }, times))
                limits.append(try limit(.link(host: host), { $0.hosts[host].bandwidth *= 2 }, times))
            }
        }
        limits.append(try limit(.store, { _ in }, FasterStores(times: times)))
        limits.sort { $0.gain > $1.gain }
        // If a single host's resource accounts for almost all of the gain, it is reported before that of all hosts.
        if let single = limits.firstIndex(where: \.isOfOneHost), !limits[0].isOfOneHost, limits[single].gain > 0.9 * limits[0].gain {
            limits.insert(limits.remove(at: single), at: 0)
        }
        return limits
    }

    private var isOfOneHost: Bool {
        switch resource {
        case .kernels(let host), .link(let host): host != nil
        case .latency, .loopback, .store: false
        }
    }

    private struct FasterStores: KernelTimes {
        let times: any KernelTimes
        var basis: String { times.basis }
        var updateSeconds: Double { times.updateSeconds / 2 }
        var usesCores: Bool { times.usesCores }
        var overhead: Double { times.overhead }
        var columnBytes: Int { times.columnBytes }
        func times(of program: WorkerProgram) throws -> [[Double]] { try times.times(of: program) }
    }
}
