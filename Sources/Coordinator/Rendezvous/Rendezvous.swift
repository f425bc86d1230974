import SwiftProtobuf
package import Wire

/// Who has joined a run, and whether the next one may. No sockets: a greeting in, a verdict out.
package struct Rendezvous {
    package enum Verdict: Equatable {
        /// - Parameter startsStore: whether its host has no store yet, and its process is to start one.
        case worker(rank: Int, startsStore: Bool)
        case store(rank: Int)
        /// Beyond the number needed; waits.
        case spare
        case refused(String)
    }

    package let workersNeeded: Int
    private let placement: StorePlacement
    package let threads: Int
    package let datasetFingerprint: String
    package let version: String
    package private(set) var workers: [WireHello] = []
    package private(set) var stores: [WireHello] = []

    package init(workers: Int, stores: StorePlacement, threads: Int, datasetFingerprint: String, version: String) {
        (workersNeeded, placement, self.threads) = (workers, stores, threads)
        (self.datasetFingerprint, self.version) = (datasetFingerprint, version)
    }

    package var isComplete: Bool { workers.count == workersNeeded && storesMissing == 0 }

    /// Stores that are still to join, as far as the workers that are here tell.
    package var storesMissing: Int {
        switch placement {
        case .byHand(let count): count - stores.count
        case .everyHost: hostsOfStores.subtracting(stores.map(\.hostIdentity)).count
        }
    }

    /// The coordinator's, and every host that a worker is on.
    private var hostsOfStores: Set<String> {
        guard case .everyHost(let coordinator) = placement else { return [] }
        return Set(workers.map(\.hostIdentity)).union([coordinator])
    }

    package mutating func admit(_ hello: WireHello) -> Verdict {
        guard hello.productVersion == version else {
            return .refused(
                "it is colonnade \(hello.productVersion), the coordinator \(version); run the same release everywhere")
        }
        switch hello.role {
        case .worker:
            if let obstacle = obstacle(worker: hello) { return .refused(obstacle) }
            guard workers.count < workersNeeded else { return .spare }
            let hosts = hostsOfStores
            workers.append(hello)
            let startsStore = !hostsOfStores.subtracting(hosts).isEmpty
            return .worker(rank: workers.count - 1, startsStore: startsStore)
        case .store:
            switch placement {
            case .byHand(let count):
                guard stores.count < count else { return .refused("the run has its parameter store already") }
            case .everyHost:
                guard hostsOfStores.contains(hello.hostIdentity) else {
                    return .refused("no worker of the run is on its host")
                }
                guard !stores.contains(where: { $0.hostIdentity == hello.hostIdentity }) else {
                    return .refused("its host has a parameter store of the run already")
                }
            }
            stores.append(hello)
            return .store(rank: stores.count - 1)
        default: return .refused("its role is unknown")
        }
    }

    /// Why a worker would not compute the same bits as the others, or of other pictures.
    private func obstacle(worker hello: WireHello) -> String? {
        if !hello.datasetFingerprint.isEmpty, hello.datasetFingerprint != datasetFingerprint {
            return "its data set has the fingerprint \(hello.datasetFingerprint), the coordinator's "
                + "\(datasetFingerprint); name the same data set with --data"
        }
        if hello.threads != 0, Int(hello.threads) != threads {
            return "it was started with --threads \(hello.threads), the run is planned for \(threads); "
                + "start it with --threads \(threads)"
        }
        guard let first = workers.first else { return nil }
        func facts(_ hello: WireHello) -> String {
            "\(hello.cpuModel), \(hello.instructionSet), oneDNN \(hello.kernelLibrary)"
        }
        if facts(hello) != facts(first) {
            return "it computes with \(facts(hello)), worker 0 with \(facts(first)); the same bits need the same "
                + "processor and library on every worker"
        }
        return nil
    }
}

/// Where the shards of the parameter store are.
public enum StorePlacement: Sendable, Equatable {
    /// So many are started by a person, wherever they are.
    case byHand(Int)
    /// One on the coordinator's host, whose identity this is, and one on each host that has workers.
    case everyHost(coordinator: String)
}
