import SwiftProtobuf
package import Wire

/// Who has joined a run, and whether the next one may. No sockets: a greeting in, a verdict out.
package struct Rendezvous {
    package enum Verdict: Equatable {
        case worker(rank: Int)
        case store(rank: Int)
        /// Beyond the number needed; waits.
        case spare
        case refused(String)
    }

    package let workersNeeded: Int
    package let storesNeeded: Int
    package let threads: Int
    package let datasetFingerprint: String
    package let version: String
    package private(set) var workers: [WireHello] = []
    package private(set) var stores: [WireHello] = []

    package init(workers: Int, stores: Int, threads: Int, datasetFingerprint: String, version: String) {
        (workersNeeded, storesNeeded, self.threads) = (workers, stores, threads)
        (self.datasetFingerprint, self.version) = (datasetFingerprint, version)
    }

    package var isComplete: Bool { workers.count == workersNeeded && stores.count == storesNeeded }

    package mutating func admit(_ hello: WireHello) -> Verdict {
        guard hello.productVersion == version else {
            return .refused(
                "it is colonnade \(hello.productVersion), the coordinator \(version); run the same release everywhere")
        }
        switch hello.role {
        case .worker:
            if let obstacle = obstacle(worker: hello) { return .refused(obstacle) }
            guard workers.count < workersNeeded else { return .spare }
            workers.append(hello)
            return .worker(rank: workers.count - 1)
        case .store:
            guard stores.count < storesNeeded else { return .refused("the run has its parameter store already") }
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
